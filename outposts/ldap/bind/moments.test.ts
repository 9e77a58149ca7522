import assert from 'node:assert/strict'
import test from 'node:test'
import { Moments } from './moments.ts'

test('each key has its last moment; those that there is no room for have the latest of them', () => {
  const moments = new Moments<string>(2)
  assert.equal(moments.of('a'), 0)
  moments.set('a', 1)
  moments.set('b', 2)
  moments.set('a', 3)
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => moments.of(key)),
    [3, 2, 0],
  )
  moments.set('c', 4)
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((key) => moments.of(key)),
    [3, 2, 4, 2],
  )
})
