import assert from 'node:assert/strict'
import test from 'node:test'
import { DurationError, parseDuration } from './duration.ts'

const vectors: ReadonlyArray<[text: string, ms: number]> = [
  ['hours=1;minutes=5', 3_900_000],
  ['days=0', 0],
  ['Seconds=1.5', 1500],
  ['weeks=1;fortnights=3', 604_800_000],
  ['seconds=-1', -1000],
  ['microseconds=500', 0.5],
]
for (const [text, ms] of vectors) test(`${text} is ${ms} ms`, () => assert.equal(parseDuration(text), ms))

for (const text of ['', 'hours', 'hours=1;', 'fortnights=3', 'hours=one', 'hours=', 'hours=1e3'])
  test(`"${text}" is refused`, () => assert.throws(() => parseDuration(text), DurationError))
