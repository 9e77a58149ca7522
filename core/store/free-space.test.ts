import assert from 'node:assert/strict'
import test from 'node:test'
import { mayWrite } from './free-space.ts'

const MEGABYTE = 1024 ** 2
const table: ReadonlyArray<[megabytes: number, before: boolean, now: boolean]> = [
  [1000, true, true],
  [64, true, true],
  [63.9, true, false],
  [0, true, false],
  [64, false, false],
  [95.9, false, false],
  [96, false, true],
  [Number.POSITIVE_INFINITY, false, true],
]
for (const [megabytes, before, now] of table)
  test(`with ${megabytes} MB a database that ${before ? 'takes' : 'takes no'} writes ${now ? 'takes' : 'takes none of'} them`, () =>
    assert.equal(mayWrite(megabytes * MEGABYTE, before), now))
