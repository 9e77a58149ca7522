import assert from 'node:assert/strict'
import test from 'node:test'
import { elapsedClock } from './elapsed.ts'

const CASES: ReadonlyArray<[what: string, steps: ReadonlyArray<[steady: number, timeOfDay: number]>, elapsed: number]> =
  [
    [
      'both go on',
      [
        [10, 10],
        [20, 20],
      ],
      30,
    ],
    [
      'the time of day is set back',
      [
        [10, 10],
        [10, -3_600_000],
        [10, 10],
      ],
      30,
    ],
    [
      'the machine was asleep',
      [
        [10, 10],
        [0, 60_000],
        [10, 10],
      ],
      60_020,
    ],
    ['nothing has happened', [[0, 0]], 0],
  ]
for (const [what, steps, elapsed] of CASES)
  test(`elapsed: ${what}`, () => {
    let [steady, timeOfDay] = [5_000, 1_700_000_000_000]
    const read = elapsedClock(
      () => steady,
      () => timeOfDay,
    )
    let last = 0
    for (const [more, moreOfDay] of steps) {
      steady += more
      timeOfDay += moreOfDay
      const now = read()
      assert.ok(now >= last, 'never back')
      last = now
    }
    assert.equal(last, elapsed)
  })
