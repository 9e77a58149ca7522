import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { FlowOutcome } from '#outposts/flow/flow-client.ts'
import { encodeInteger, encodeText, encodeValue } from '#outposts/ldap/codec/ber.ts'
import type { Revocation, WireChange } from '#schema/wire/messages.ts'
import { bindRequest, CRITICAL, control, message, NOTICE, present, whoAmI } from '#test/support/ldap-client.ts'
import { allowed, DENIED, LdapOutpost, UNAVAILABLE } from '#test/support/ldap-outpost.ts'
import { BASE_DN, userDn } from '#test/support/ldap-tools.ts'

const SUCCESS = 0
const INSUFFICIENT_ACCESS_RIGHTS = 50
const INVALID_CREDENTIALS = 49
const BUSY = 51

let outpost: LdapOutpost
before(async () => {
  outpost = await LdapOutpost.start()
})
after(() => outpost[Symbol.asyncDispose]())

/** The result code of a bind on a connection of its own. */
async function bind(name: string, password: string): Promise<number> {
  using client = await outpost.open()
  return await client.bind(name, password)
}

suite('who is let in', () => {
  const cases: ReadonlyArray<[what: string, name: string, password: string, code: number]> = [
    ['the right password', userDn('demo'), 'right', 0],
    ['another case of the name', userDn('demo').toUpperCase().replace('CN=DEMO', 'CN=demo'), 'right', 0],
    ['a name with an escaped comma', userDn('comma\\, name'), 'right', 0],
    ['a wrong password', userDn('demo'), 'wrong', 49],
    ['nobody', userDn('nobody'), 'right', 49],
    ['LD-08: a name without a password', userDn('demo'), '', 53],
    ['LD-08: a password without a name', '', 'right', 53],
    ['LD-08: nobody in particular', '', '', 0],
    ['LD-12: a second attribute in the name', `cn=demo+uid=admin,ou=users,${BASE_DN}`, 'right', 49],
    ['LD-28: no component boundary', `cn=demo,ou=users,dc=evil${BASE_DN}`, 'right', 49],
    ['LD-28: without ou=users', `cn=demo,${BASE_DN}`, 'right', 49],
    ['LD-28: in ou=groups', `cn=demo,ou=groups,${BASE_DN}`, 'right', 49],
    ['LD-28: in ou=virtual-groups', `cn=demo,ou=virtual-groups,${BASE_DN}`, 'right', 49],
    ['LD-28: deeper', `cn=demo,cn=x,ou=users,${BASE_DN}`, 'right', 49],
    ['LD-28: an attribute that is not cn', `uid=demo,ou=users,${BASE_DN}`, 'right', 49],
    ['LD-28: the e-mail address as cn', userDn('demo@example.com'), 'right', 49],
    ['LD-28: the display name as cn', userDn('demo Name'), 'right', 49],
    ['LD-28: an e-mail address', 'demo@example.com', 'right', 34],
    ['LD-28: a name of Windows', 'DOMAIN\\demo', 'right', 34],
    ['LD-28: the bare name', 'demo', 'right', 34],
  ]
  for (const [what, name, password, code] of cases)
    test(`${what} is ${code}`, async () => assert.equal(await bind(name, password), code))

  test('LD-17: a password that looks like one with a code is a password first', async () => {
    using _ = outpost.core.answering((username, password) => (password === 'right;123456' ? allowed(username) : DENIED))
    assert.equal(await bind(userDn('demo'), 'right;123456'), SUCCESS)
    assert.equal(await bind(userDn('admin'), 'right;654321'), INVALID_CREDENTIALS)
  })
})

suite('what is remembered', () => {
  test('a right bind is answered from memory, a wrong one never', async () => {
    await using own = await LdapOutpost.start()
    await own.bound('demo')
    await own.bound('demo')
    assert.equal(own.core.logins, 1)
    using client = await own.open()
    assert.equal(await client.bind(userDn('demo'), 'wrong'), INVALID_CREDENTIALS)
    assert.equal(await client.bind(userDn('demo'), 'wrong'), INVALID_CREDENTIALS)
    assert.equal(own.core.logins, 3)
  })

  const answers: ReadonlyArray<[what: string, outcome: FlowOutcome, code: number]> = [
    ['that cannot be asked', UNAVAILABLE, 52],
    ['that says no to the password', DENIED, 49],
    ['that says no to the application', { kind: 'denied', reason: 'access_denied' }, 50],
    ['whose flow fails', { kind: 'denied', reason: 'flow_error' }, 49],
  ]
  for (const [what, outcome, code] of answers)
    test(`LD-24: nothing is remembered of a core ${what}`, async () => {
      await using own = await LdapOutpost.start()
      using client = await own.open()
      {
        using _ = own.core.answering(() => outcome)
        assert.equal(await client.bind(userDn('demo'), 'right'), code)
      }
      assert.equal(await client.bind(userDn('demo'), 'right'), SUCCESS)
      assert.equal(own.core.logins, 2)
    })

  const user = { pk: 1, uid: 'uid-1', username: 'demo' }
  const endings: ReadonlyArray<[what: string, ended: Pick<Revocation, 'kind' | 'session'>]> = [
    ['the user', { kind: 'user' }],
    ['the session that it rests on', { kind: 'session', session: 'session of demo' }],
    ['a session that is not named', { kind: 'session' }],
  ]
  for (const [what, ended] of endings)
    test(`LD-09: after a revocation of ${what} the core is asked again, and the connection is gone`, async () => {
      await using own = await LdapOutpost.start()
      const client = await own.bound('demo')
      own.server.revoke([{ sequence: 1, ...ended, user, reason: 'logout', at: Date.now() }])
      assert.equal((await client.next())?.tag, NOTICE.tag)
      assert.equal(await client.next(), undefined)
      using _ = own.core.answering(() => DENIED)
      assert.equal(await (await own.open()).bind(userDn('demo'), 'right'), INVALID_CREDENTIALS)
    })

  test('LD-09: a session that ends while somebody binds by it binds nobody', async () => {
    await using own = await LdapOutpost.start()
    using client = await own.open()
    using _ = own.core.answering((username) => {
      const session = 'session of demo'
      own.server.revoke([{ sequence: 1, kind: 'session', session, user, reason: 'logout', at: Date.now() }])
      return allowed(username)
    })
    assert.equal(await client.bind(userDn('demo'), 'right'), INVALID_CREDENTIALS)
  })

  test('LD-09: the end of another session of the user changes nothing', async () => {
    await using own = await LdapOutpost.start()
    using client = await own.bound('demo')
    own.server.revoke([{ sequence: 1, kind: 'session', session: 'x', user, reason: 'logout', at: Date.now() }])
    assert.equal((await client.search(present('cn'))).code, SUCCESS)
    assert.equal(own.core.logins, 1)
    await own.bound('demo')
    assert.equal(own.core.logins, 1)
  })
})

suite('LD-09: what is known of somebody changes', () => {
  const changes: ReadonlyArray<[what: string, changed: WireChange]> = [
    ['the user', { model: 'authentik_core.user', pk: '1', action: 'updated' }],
    ['a group of the user', { model: 'authentik_core.group', pk: 'g-staff', action: 'updated' }],
  ]
  for (const [what, changed] of changes)
    test(`${what}: the core is asked again, and the connection is gone`, async () => {
      await using own = await LdapOutpost.start()
      const client = await own.bound('demo')
      await own.configure([changed])
      assert.equal((await client.next())?.tag, NOTICE.tag)
      using _ = own.core.answering(() => ({ kind: 'denied', reason: 'access_denied' }))
      assert.equal(await (await own.open()).bind(userDn('demo'), 'right'), INSUFFICIENT_ACCESS_RIGHTS)
    })

  test('somebody else: nothing', async () => {
    await using own = await LdapOutpost.start()
    using client = await own.bound('demo')
    await own.configure([{ model: 'authentik_core.user', pk: '2', action: 'updated' }])
    assert.equal((await client.search(present('cn'))).code, SUCCESS)
    await own.bound('demo')
    assert.equal(own.core.logins, 1)
  })

  suite('while they bind', () => {
    const change = (own: LdapOutpost) => own.configure([{ model: 'authentik_core.user', pk: '1', action: 'updated' }])

    test('what was decided before does not hold: the core is asked again', async () => {
      await using own = await LdapOutpost.start()
      using _ = own.core.answering(async (username) => {
        if (own.core.logins > 1) return { kind: 'denied', reason: 'access_denied' }
        await change(own)
        return allowed(username)
      })
      using client = await own.open()
      assert.equal(await client.bind(userDn('demo'), 'right'), INSUFFICIENT_ACCESS_RIGHTS)
    })

    test('what the core says then is remembered', async () => {
      await using own = await LdapOutpost.start()
      using _ = own.core.answering(async (username) => {
        if (own.core.logins === 1) await change(own)
        return allowed(username)
      })
      using first = await own.bound('demo')
      using second = await own.bound('demo')
      for (const client of [first, second]) assert.equal((await client.search(present('cn'))).code, SUCCESS)
      assert.equal(own.core.logins, 2)
    })

    test('again and again: busy, and nobody is bound', async () => {
      await using own = await LdapOutpost.start()
      using _ = own.core.answering(async (username) => {
        await change(own)
        return allowed(username)
      })
      using client = await own.open()
      assert.equal(await client.bind(userDn('demo'), 'right'), BUSY)
      assert.equal(own.core.logins, 3)
    })
  })
})

suite('LD-09: settings that change', () => {
  const changes: ReadonlyArray<[what: string, ...changes: readonly object[]]> = [
    ['another flow', { bind_flow_slug: 'other' }],
    ['another application', { application_slug: 'other' }],
    ['another search group', { search_group: null }],
    ['another policy of its application', { access_revision: '2' }],
    ['direct binds and back', { bind_mode: 'direct' }, { bind_mode: 'cached' }],
    ['another base and back', { base_dn: 'dc=other' }, { base_dn: BASE_DN.toUpperCase() }],
  ]
  for (const [what, ...each] of changes)
    test(`${what}: what was bound before is forgotten and its connection ends`, async () => {
      await using own = await LdapOutpost.start()
      using client = await own.bound('demo')
      for (const change of each) {
        own.core.providers = own.core.providers.map((provider) =>
          provider.pk === 2 ? { ...provider, ...change } : provider,
        )
        await own.configure()
      }
      assert.equal((await client.next())?.id, NOTICE.id)
      assert.equal(await client.next(), undefined)
      await own.bound('demo')
      assert.equal(own.core.logins, 2)
    })

  test('a login that was under way is worth nothing under the new settings', async () => {
    await using own = await LdapOutpost.start()
    using client = await own.open()
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<FlowOutcome>()
    using _ = own.core.answering(() => {
      asked.resolve()
      return answer.promise
    })
    client.send(bindRequest(1, userDn('demo'), 'right'))
    await asked.promise
    own.core.providers = own.core.providers.map((provider) => ({ ...provider, bind_flow_slug: 'other' }))
    await own.configure()
    answer.resolve(allowed('demo'))
    await client.next()
    assert.equal((await client.search(present('cn'))).code, INSUFFICIENT_ACCESS_RIGHTS)
    await own.bound('demo')
    assert.equal(own.core.logins, 2)
  })

  test('the same settings read again change nothing', async () => {
    await using own = await LdapOutpost.start()
    using client = await own.bound('demo')
    await own.configure()
    await own.bound('demo')
    assert.equal((await client.search(present('cn'))).code, SUCCESS)
    assert.equal(own.core.logins, 1)
  })
})

suite('LD-26: who is left after another bind', () => {
  const octets = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const raw = (...parts: readonly Buffer[]) => message(7, encodeValue(0x60, ...parts))
  const version = encodeInteger(3)
  const name = encodeText(userDn('admin'))
  const password = encodeText('right', 0x80)
  const cases: ReadonlyArray<[what: string, sent: Buffer, code: number]> = [
    ['a wrong password', bindRequest(7, userDn('admin'), 'wrong'), 49],
    ['nobody in particular', bindRequest(7, '', ''), 0],
    ['a name without a password', bindRequest(7, userDn('admin'), ''), 53],
    ['a password without a name', bindRequest(7, '', 'right'), 53],
    ['no name', bindRequest(7, 'nonsense', 'right'), 34],
    ['a name that is not UTF-8', raw(version, octets('04 02 ff fe'), password), 2],
    ['version 0', raw(encodeInteger(0), name, password), 2],
    ['version 2', raw(encodeInteger(2), name, password), 2],
    ['SASL', raw(version, name, encodeValue(0xa3, encodeText('PLAIN'))), 7],
    ['another kind of credentials', raw(version, name, encodeText('right', 0x81)), 7],
    ['no credentials', raw(version, name), 2],
    ['nothing at all', raw(), 2],
    ['a critical control', bindRequest(7, userDn('admin'), 'right', control('1.2.3.4', CRITICAL)), 12],
    ['a control of the wrong type', bindRequest(7, userDn('admin'), 'right', encodeText('1.2.3.4')), 2],
  ]
  for (const [what, sent, code] of cases)
    test(`${what} is ${code} and leaves nobody`, async () => {
      using client = await outpost.bound('admin')
      client.send(sent)
      assert.deepEqual(await client.next(), { id: 7, tag: 0x61, code })
      assert.equal((await client.search(present('objectClass'))).code, INSUFFICIENT_ACCESS_RIGHTS)
    })

  test('while the core is asked, nobody is bound', async () => {
    using client = await outpost.bound('admin')
    using _ = outpost.core.answering(() => UNAVAILABLE)
    client.send(bindRequest(7, userDn('demo'), 'other'), whoAmI(8))
    assert.equal((await client.next())?.code, 52)
    assert.deepEqual(await client.next(), { id: 8, tag: 0x78, code: SUCCESS })
    assert.equal((await client.search(present('objectClass'))).code, INSUFFICIENT_ACCESS_RIGHTS)
  })
})
