import assert from 'node:assert/strict'
import test from 'node:test'
import { conditionsAfter } from './conditions.ts'

const at = (iso: string) => ({ now: Date.parse(iso), generation: 2 })
const [first] = conditionsAfter(
  [],
  { Ready: { status: 'False', reason: 'A', message: 'a' } },
  at('2026-01-01T00:00:00Z'),
)

test('a condition remembers since when its status is so, whatever its reason', () => {
  const said = { Ready: { status: 'False', reason: 'B', message: 'b' } } as const
  const [again] = conditionsAfter([first!], said, at('2026-01-02T00:00:00.123Z'))
  assert.deepEqual(again, { ...first, reason: 'B', message: 'b' })
})

test('a change of status is dated, to the second', () => {
  const said = { Ready: { status: 'True', reason: 'A', message: 'a' } } as const
  const [turned] = conditionsAfter([first!], said, at('2026-01-02T00:00:00.123Z'))
  assert.equal(turned!.lastTransitionTime, '2026-01-02T00:00:00Z')
  assert.equal(turned!.observedGeneration, 2)
})
