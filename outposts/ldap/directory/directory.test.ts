import assert from 'node:assert/strict'
import test from 'node:test'
import { readName } from '../codec/dn.ts'
import type { Filter } from '../codec/filter.ts'
import { Scope } from '../codec/message.ts'
import { buildEntries } from './build-entries.ts'
import { Directory, parentOf } from './directory.ts'
import type { Entry } from './entry.ts'
import { compileFilter } from './match.ts'

const BASE = 'dc=example,dc=com'
const users = Array.from({ length: 40 }, (_, index) => ({
  pk: index,
  username: index % 2 === 0 ? `user${index}` : `user, ${index}`,
  name: `User ${index}`,
  is_active: true,
  is_superuser: false,
  email: `user${index % 7}@example.com`,
  uid: `uid-${index}`,
  groups: [],
  attributes: index % 3 === 0 ? { room: String(index % 5) } : {},
}))
const groups = [0, 1].map((index) => ({
  pk: `g${index}`,
  num_pk: index,
  name: `group${index}`,
  is_superuser: false,
  attributes: {},
}))
const members = new Map([
  ['g0', users.map(({ pk }) => pk)],
  ['g1', [1, 2, 3]],
])
const entries = buildEntries({ users, groups, members }, { baseDn: BASE, uidStart: 2000, gidStart: 4000 })
const directory = new Directory(entries)

/** Numbers in [0, below) that are the same in every run (xorshift32). */
let state = 0x5eed
const next = (below: number) => {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % below
}
const pick = <T>(all: readonly T[]): T => all[next(all.length)]!

const ATTRIBUTES = ['cn', 'CN', 'uid', 'mail', 'memberOf', 'member', 'uidNumber', 'objectClass', 'room', 'nothing']
const VALUES = [
  'user4',
  'USER, 5',
  'user3@example.com',
  '2004',
  'user',
  '3',
  `cn=Group1, ou=groups,${BASE}`,
  `cn=group0,ou=groups,${BASE}`,
]
function randomFilter(depth: number): Filter {
  const kind = depth === 0 ? 3 : next(6)
  const filters = () => Array.from({ length: next(4) }, () => randomFilter(depth - 1))
  if (kind === 0) return { kind: 'and', filters: filters() }
  if (kind === 1) return { kind: 'or', filters: filters() }
  if (kind === 2) return { kind: 'not', filter: randomFilter(depth - 1) }
  if (kind === 5) return { kind: 'present', attribute: pick(ATTRIBUTES) }
  return { kind: 'equality', attribute: pick(ATTRIBUTES), value: Buffer.from(pick(VALUES)) }
}

const inScope = (entry: Entry, base: Entry, scope: number) =>
  scope === Scope.base
    ? entry === base
    : scope === Scope.one
      ? parentOf(entry.key) === base.key
      : entry === base || entry.key.endsWith(`,${base.key}`)

for (const [name, scope] of Object.entries(Scope))
  test(`scope ${name}: an index finds what looking at every entry finds`, () => {
    let found = 0
    for (let round = 0; round < 2_000; round++) {
      const filter = randomFilter(4)
      const base = directory.get(
        readName(pick([BASE, `ou=users,${BASE}`, `ou=groups,${BASE}`, `cn=user4,ou=users,${BASE}`]))!.key,
      )!
      const matches = compileFilter(filter, directory.knows)
      const expected = entries.filter((entry) => inScope(entry, base, scope) && matches(entry) === true)
      const candidates = [...directory.candidates(base, scope, filter)]
      assert.equal(new Set(candidates).size, candidates.length, 'no entry twice')
      assert.deepEqual(new Set(candidates.filter((entry) => matches(entry) === true)), new Set(expected))
      found += expected.length
    }
    assert.ok(found > 500)
  })
