import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedWork, OverloadedError } from './bounded-work.ts'

test('only so much runs, only so much waits, and failures free their place', async () => {
  const bounded = new BoundedWork({ running: 2, waiting: 1 })
  const ends = [0, 1, 2].map(() => Promise.withResolvers<number>())
  const started: number[] = []
  const runs = ends.map((end, i) =>
    bounded.run(() => {
      started.push(i)
      return end.promise
    }),
  )
  assert.deepEqual(started, [0, 1])
  assert.deepEqual([bounded.begun, bounded.waiting], [2, 1])
  await assert.rejects(
    bounded.run(async () => 3),
    OverloadedError,
  )
  ends[0]!.reject(new RangeError('on purpose'))
  await assert.rejects(runs[0]!, RangeError)
  ends[1]!.resolve(1)
  ends[2]!.resolve(2)
  assert.deepEqual(await Promise.all(runs.slice(1)), [1, 2])
  assert.deepEqual(started, [0, 1, 2])
  assert.equal(await bounded.run(async () => 4), 4)
  assert.deepEqual([bounded.begun, bounded.waiting], [4, 0])
})
