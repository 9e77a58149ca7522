import assert from 'node:assert/strict'
import test from 'node:test'
import type { WireChange } from './messages.ts'
import { mergeUpdates, type Update, updateOf } from './update.ts'

const change = (pk: number): WireChange => ({ model: 'authentik_core.user', pk: String(pk), action: 'updated' })
const many = Array.from({ length: 150 }, (_, index) => change(index))

const vectors: ReadonlyArray<
  [what: string, waiting: Update | undefined, next: Update, revision: number, changes: number | undefined]
> = [
  ['nothing waiting', undefined, { revision: 3, changes: [change(1)] }, 3, 1],
  ['two changes', { revision: 2, changes: [change(1)] }, { revision: 3, changes: [change(2)] }, 3, 2],
  ['everything and a change', { revision: 0, changes: undefined }, { revision: 3, changes: [change(2)] }, 3, undefined],
  ['a change and everything', { revision: 4, changes: [change(2)] }, { revision: 0, changes: undefined }, 4, undefined],
  ['too many changes', { revision: 4, changes: many }, { revision: 5, changes: many }, 5, undefined],
]
for (const [what, waiting, next, revision, changes] of vectors)
  test(`${what} become one update`, () => {
    const merged = mergeUpdates(waiting, next)
    assert.equal(merged.revision, revision)
    assert.equal(merged.changes?.length, changes)
  })

test('a trigger of a reference core asks for everything', () =>
  assert.deepEqual(updateOf({}), { revision: 0, changes: undefined }))
