import assert from 'node:assert/strict'
import test from 'node:test'
import { BerReader, BerTag } from '../codec/ber.ts'
import { readName } from '../codec/dn.ts'
import type { Filter } from '../codec/filter.ts'
import type { SearchRequest } from '../codec/message.ts'
import { ResultCode } from '../codec/result-code.ts'
import { buildEntries } from '../directory/build-entries.ts'
import { Directory } from '../directory/directory.ts'
import { search } from './search.ts'

const BASE = 'dc=example,dc=com'
const USERS = 10_000
const users = Array.from({ length: USERS }, (_, pk) => ({
  pk,
  username: `user${pk}`,
  name: `User ${pk}`,
  is_active: true,
  is_superuser: false,
  uid: `uid-${pk}`,
  groups: [],
  attributes: {},
}))
const content = { users, groups: [], members: new Map() }
const directory = new Directory(buildEntries(content, { baseDn: BASE, uidStart: 2000, gidStart: 4000 }))
const searcher = { userPk: 1, seesEverything: true, dn: `cn=user1,ou=users,${BASE}` }
const present = (attribute: string): Filter => ({ kind: 'present', attribute })
const absent = (attribute: string): Filter => ({ kind: 'not', filter: present(attribute) })
const none: Filter = { kind: 'and', filters: [absent('objectClass'), absent('objectClass')] }

interface Outcome {
  readonly parts: readonly (readonly Buffer[])[]
  readonly entries: number
  readonly code: number
}

/** Runs a search to its end; `now` is asked for the time. */
function run(
  request: Partial<SearchRequest>,
  now = () => 0,
  limits = { maxEntries: 1e6, maxSearchMs: 1_000 },
): Outcome {
  const whole: SearchRequest = {
    kind: 'search',
    base: `ou=users,${BASE}`,
    scope: 1,
    sizeLimit: 0,
    timeLimit: 0,
    typesOnly: false,
    filter: present('objectClass'),
    attributes: [],
    ...request,
  }
  const steps = search(7, whole, { directory, base: readName(whole.base)!, searcher, limits: { ...limits, now } })
  const parts: Buffer[][] = []
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) parts.push(step.value)
  parts.push(step.value)
  const result = new BerReader(parts.flat().at(-1)!).enter(BerTag.Sequence)
  assert.equal(result.integer(7, 7), 7)
  const code = result.enter(0x65).integer(0, 200, BerTag.Enumerated)
  return { parts, entries: parts.flat().length - 1, code }
}

const octetsOf = (part: readonly Buffer[]) => part.reduce((sum, { length }) => sum + length, 0)

test('LD-04: a search that finds much comes in parts of bounded size', () => {
  const { parts, entries, code } = run({})
  assert.deepEqual([entries, code], [USERS, ResultCode.success])
  assert.ok(parts.length > 20)
  for (const part of parts) assert.ok(octetsOf(part) < 68 * 1024)
})

test('LD-04: a search that finds nothing comes in as many parts as its filter costs', () => {
  const partsOf = (filter: Filter) => run({ filter }).parts.length
  const or = (length: number): Filter => ({ kind: 'or', filters: Array.from({ length }, () => none) })
  assert.ok(partsOf(none) > 1)
  assert.ok(partsOf(or(100)) > 50 * partsOf(none))
})

test('a search by an index comes in one part', () => {
  const filter: Filter = { kind: 'equality', attribute: 'cn', value: Buffer.from('USER77') }
  const { parts, entries } = run({ filter })
  assert.deepEqual([parts.length, entries], [1, 1])
})

const clock = (stepMs: number) => {
  let at = 0
  return () => (at += stepMs)
}
const limits: ReadonlyArray<[what: string, outcome: Outcome, entries: number | undefined, code: number]> = [
  ['the size limit of the client', run({ sizeLimit: 5 }), 5, ResultCode.sizeLimitExceeded],
  ['exactly as many as the size limit', run({ sizeLimit: USERS }), USERS, ResultCode.success],
  ['a size limit above that of the server', run({ sizeLimit: 99 }, clock(0), { maxEntries: 9, maxSearchMs: 1 }), 9, 4],
  [
    'the time limit of the client',
    run({ timeLimit: 1 }, clock(500), { maxEntries: 1e6, maxSearchMs: 1e6 }),
    undefined,
    3,
  ],
  ['a time limit above that of the server', run({ timeLimit: 9 }, clock(500)), undefined, 3],
  ['no time limit', run({}, clock(500)), undefined, ResultCode.timeLimitExceeded],
]
for (const [what, outcome, entries, code] of limits)
  test(`LD-14: ${what}: what was found until then, and ${code}`, () => {
    assert.equal(outcome.code, code)
    if (entries === undefined) assert.ok(outcome.entries > 0 && outcome.entries < USERS)
    else assert.equal(outcome.entries, entries)
  })
