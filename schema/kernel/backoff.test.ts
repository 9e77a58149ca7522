import assert from 'node:assert/strict'
import test from 'node:test'
import { backoffMs } from './backoff.ts'

const limits = { firstMs: 1000, capMs: 60_000 }
const vectors: ReadonlyArray<[attempt: number, random: number, ms: number]> = [
  [1, 0, 0],
  [1, 0.5, 500],
  [2, 0.5, 1000],
  [4, 0.999999, 7999],
  [7, 0.5, 30_000],
  [5000, 0.5, 30_000],
]
for (const [attempt, random, ms] of vectors)
  test(`attempt ${attempt} with chance ${random} waits ${ms} ms`, () =>
    assert.equal(
      backoffMs(attempt, () => random, limits),
      ms,
    ))
