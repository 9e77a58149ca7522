import assert from 'node:assert/strict'
import test from 'node:test'
import { spreadMs } from './spread.ts'

const rows: ReadonlyArray<[index: number, count: number, ms: number]> = [
  [0, 1, 0],
  [0, 2, 0],
  [1, 2, 1],
  [999, 1_000, 999],
  [4_999, 5_000, 4_999],
  [0, 10_000, 0],
  [1, 10_000, 0],
  [5_000, 10_000, 2_500],
  [9_999, 10_000, 4_999],
]
for (const [index, count, ms] of rows)
  test(`number ${index} of ${count} is told after ${ms} ms`, () => assert.equal(spreadMs(index, count), ms))

test('nobody is told before one with a lower number, nor after more than 5 s', () => {
  for (const count of [1, 3, 47, 4_999, 5_001, 12_345]) {
    let before = 0
    for (let index = 0; index < count; index++) {
      const ms = spreadMs(index, count)
      assert.ok(ms >= before && ms < 5_000)
      before = ms
    }
  }
})
