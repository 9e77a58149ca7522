import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Filter } from '#outposts/ldap/codec/filter.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import {
  CRITICAL,
  control,
  equality,
  type LdapClient,
  present,
  type SearchOptions,
  searchRequest,
  unbindRequest,
  whoAmI,
} from '#test/support/ldap-client.ts'
import { DIRECT_BASE, directDn, LdapOutpost } from '#test/support/ldap-outpost.ts'
import { BASE_DN, userDn } from '#test/support/ldap-tools.ts'

const SUCCESS = 0
const UNAVAILABLE = 52

let outpost: LdapOutpost
before(async () => {
  outpost = await LdapOutpost.start()
})
after(() => outpost[Symbol.asyncDispose]())

async function searchAs(username: string, filter: Filter, options: SearchOptions = {}) {
  using client = await outpost.bound(username)
  return await client.search(filter, options)
}

suite('what is seen', () => {
  test('somebody in the search group sees all, anybody else only themselves', async () => {
    assert.equal((await searchAs('admin', equality('objectClass', 'user'))).count, 4)
    assert.equal((await searchAs('demo', equality('objectClass', 'user'))).count, 1)
  })

  const hidden: ReadonlyArray<[what: string, filter: Filter]> = [
    ['the address of somebody else', equality('mail', 'admin@example.com')],
    ['another member of a group', equality('member', userDn('admin'))],
    ['a password', present('userPassword')],
  ]
  for (const [what, filter] of hidden)
    test(`LD-10: ${what} cannot be asked for`, async () => assert.equal((await searchAs('demo', filter)).count, 0))

  test('LD-10: the entry of somebody else does not exist', async () =>
    assert.equal((await searchAs('demo', present('cn'), { base: userDn('admin') })).code, 32))

  test('nobody in particular sees the root DSE and the schema, and nothing else', async () => {
    using client = await outpost.open()
    assert.deepEqual(await client.search(present('objectClass'), { base: '', scope: 0 }), { count: 1, code: SUCCESS })
    assert.deepEqual(await client.search(present('cn'), { base: 'cn=subschema', scope: 0 }), {
      count: 1,
      code: SUCCESS,
    })
    assert.equal((await client.search(present('cn'))).code, 50)
  })
})

suite('filters', () => {
  const substrings = (initial: string | undefined, any: string[], final: string | undefined): Filter => ({
    kind: 'substrings',
    attribute: 'cn',
    initial: initial === undefined ? undefined : Buffer.from(initial),
    any: any.map((part) => Buffer.from(part)),
    final: final === undefined ? undefined : Buffer.from(final),
  })
  const users = (filter: Filter): Filter => ({ kind: 'and', filters: [equality('objectClass', 'user'), filter] })
  const number = (kind: 'greaterOrEqual' | 'lessOrEqual', value: string): Filter =>
    users({ kind, attribute: 'uidNumber', value: Buffer.from(value) })
  const cases: ReadonlyArray<[what: string, filter: Filter, count: number]> = [
    ['LD-27: every part of a substring counts', users(substrings('d', ['e', 'm'], 'x')), 0],
    ['LD-27: parts in their order', users(substrings('d', ['e'], 'o')), 1],
    ['LD-27: parts do not overlap', users(substrings('dem', [], 'mo')), 0],
    ['LD-27: an escaped star is a star', users(equality('cn', 'star*name')), 1],
    ['LD-27: a star in an equality is not a wildcard', users(equality('cn', 'd*o')), 0],
    ['an attribute cannot take the place of identity', users(equality('cn', 'forged')), 0],
    ['several values', equality('phone', '2'), 1],
    ['not', users({ kind: 'not', filter: equality('cn', 'demo') }), 3],
    ['not of what nobody knows is not true', { kind: 'not', filter: equality('noSuchAttribute', 'x') }, 0],
    [
      'the empty and',
      { kind: 'and', filters: [equality('objectClass', 'posixGroup'), { kind: 'and', filters: [] }] },
      5,
    ],
    ['the empty or', { kind: 'or', filters: [] }, 0],
    ['a number at least', number('greaterOrEqual', '2003'), 2],
    ['a number at most', number('lessOrEqual', '2001'), 1],
    ['memberOf by any spelling', users(equality('memberOf', `CN=Staff, OU=groups,${BASE_DN}`)), 4],
    ['LD-11: memberOf of no group', equality('memberOf', `cn=none,ou=groups,${BASE_DN}`), 0],
    ['LD-13: what looks like a filter is a value', equality('cn', '*)(cn=*'), 0],
  ]
  for (const [what, filter, count] of cases)
    test(what, async () => assert.deepEqual(await searchAs('admin', filter), { count, code: SUCCESS }))
})

suite('results', () => {
  const codes: ReadonlyArray<[what: string, options: SearchOptions, code: number]> = [
    ["LD-27: the client's size limit", { sizeLimit: 1 }, 4],
    ['a base that does not exist', { base: `ou=nowhere,${BASE_DN}` }, 32],
    ['a base of no directory', { base: 'dc=elsewhere' }, 32],
    ['a base that is no name', { base: 'nonsense' }, 34],
    ['a scope that does not exist', { scope: 3 }, 2],
    ['LD-20: the directory of another provider', { base: DIRECT_BASE }, 50],
  ]
  for (const [what, options, code] of codes)
    test(`${what} is ${code}`, async () =>
      assert.equal((await searchAs('admin', present('objectClass'), options)).code, code))

  const PAGED = '1.2.840.113556.1.4.319'
  const controls: ReadonlyArray<[what: string, control: Buffer, code: number]> = [
    ['one that nobody knows', control('1.2.3.4'), SUCCESS],
    ['one that nobody knows, critical and without a value', control('1.2.3.4', CRITICAL), 12],
    ['paged results without a value', control(PAGED), SUCCESS],
    ['paged results without a value, critical', control(PAGED, CRITICAL), 12],
    ['ManageDsaIT, critical', control('2.16.840.1.113730.3.4.2', CRITICAL), SUCCESS],
  ]
  for (const [what, given, code] of controls)
    test(`LD-25: a control, ${what}, before any bind is ${code}`, async () => {
      using client = await outpost.open()
      const options = { base: '', scope: 0, controls: [given] }
      assert.equal((await client.search(present('objectClass'), options)).code, code)
      assert.equal(await client.bind(userDn('demo'), 'right'), SUCCESS)
    })
})

suite('direct searches', () => {
  test('LD-16: a core that cannot be asked is 52, and the connection lives', async () => {
    await using own = await LdapOutpost.start()
    using client = await own.bound('admin', directDn('admin'))
    own.core.reading = () => Promise.reject(new CoreUnreachableError('away'))
    assert.equal((await client.search(present('cn'), { base: DIRECT_BASE })).code, UNAVAILABLE)
    own.core.reading = async () => {}
    assert.equal((await client.search(present('cn'), { base: DIRECT_BASE })).code, SUCCESS)
  })

  test('LD-29: searches that wait at the same time cost one reading', async () => {
    await using own = await LdapOutpost.start()
    using one = await own.bound('admin', directDn('admin'))
    using other = await own.bound('admin', directDn('admin'))
    let readings = 0
    const held = Promise.withResolvers<void>()
    own.core.reading = () => {
      readings++
      return held.promise
    }
    for (const client of [one, other]) client.send(searchRequest(present('mail'), { id: 9, base: DIRECT_BASE }))
    await roundTrips(own, 2)
    held.resolve()
    for (const client of [one, other]) assert.equal(lastOf(await answersTo(client, 9)).code, SUCCESS)
    assert.equal(readings, 2, 'users and groups, each once')
  })
})

suite('long searches', () => {
  const all: Filter = { kind: 'not', filter: equality('description', 'x') }

  test('LD-29: others are answered meanwhile, and an end of the client ends the search', async () => {
    await using own = await LdapOutpost.start({ moreUsers: 2_000 })
    using busy = await own.bound('admin')
    using other = await own.bound('demo')
    busy.send(searchRequest(all, { id: 9 }))
    other.send(whoAmI(5))
    const order: string[] = []
    await Promise.all([
      answersTo(busy, 9).then((answers) => order.push(`${answers.length} entries: ${lastOf(answers).code}`)),
      other.next().then(() => order.push('other')),
    ])
    assert.equal(order[0], 'other')
    assert.match(order[1]!, /^40\d\d entries: 0$/)
    busy.send(searchRequest(all, { id: 10 }), unbindRequest(11))
    const rest = await busy.rest()
    assert.ok(rest.every(({ tag }) => tag === 0x64))
  })
})

const lastOf = <T>(all: readonly T[]): T => all[all.length - 1]!

/** The answers up to the result of the request. */
async function answersTo(client: LdapClient, id: number) {
  const answers = []
  for (;;) {
    const answer = await client.next()
    assert.equal(answer?.id, id)
    answers.push(answer)
    if (answer.tag !== 0x64) return answers
  }
}

/** Lets the server do everything that has come in so far. */
async function roundTrips(own: LdapOutpost, count: number): Promise<void> {
  using client = await own.open()
  for (let i = 0; i < count; i++) {
    client.send(whoAmI(1))
    await client.next()
  }
}
