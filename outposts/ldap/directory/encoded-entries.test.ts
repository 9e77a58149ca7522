import assert from 'node:assert/strict'
import test from 'node:test'
import { buildEntries } from './build-entries.ts'
import { encodeWhole } from './entry.ts'

const TEXT = 'x'.repeat(2_000)
const users = Array.from({ length: 5_000 }, (_, pk) => ({
  pk,
  username: `user${pk}`,
  name: `User ${pk}`,
  is_active: true,
  is_superuser: false,
  uid: `uid-${pk}`,
  attributes: { text: TEXT },
}))
const groups = [{ pk: 'all', num_pk: 1, name: 'all', is_superuser: false, attributes: { text: 'y'.repeat(5_000_000) } }]
const members = new Map([['all', users.map(({ pk }) => pk)]])
const entries = buildEntries({ users, groups, members }, { baseDn: 'dc=example,dc=com', uidStart: 0, gidStart: 0 })
const octets = entries.reduce((sum, entry) => sum + encodeWhole(entry).all.length, 0)

const orders: ReadonlyArray<[order: string, numbers: readonly number[]]> = [
  ['one after the other', entries.map((_, index) => index)],
  ['the same few between all others', entries.flatMap((_, index) => [index % 7, index])],
]
for (const [order, numbers] of orders)
  test(`an entry is encoded as it is, whatever was asked for before: ${order}`, () => {
    assert.ok(octets > 12 * 1024 * 1024, 'more than is remembered')
    for (const number of numbers) {
      const entry = entries[number]!
      const [encoded, expected] = [entry.encoded, encodeWhole(entry)]
      assert.ok(encoded.name.equals(expected.name) && encoded.all.equals(expected.all), entry.dn)
    }
  })
