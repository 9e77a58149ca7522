import assert from 'node:assert/strict'
import test from 'node:test'
import { deepMerge, isJsonObject } from './deep-merge.ts'

test('objects merge, lists concatenate, anything else is replaced by the later layer', () =>
  assert.deepEqual(
    deepMerge({ a: { x: 1, y: 1 }, list: [1], plain: 'old' }, { a: { y: 2 }, list: [2], plain: null, late: true }),
    { a: { x: 1, y: 2 }, list: [1, 2], plain: null, late: true },
  ))

test('no layer is written to, even where it is the only one with the key', () => {
  const first = { a: { b: { c: 1 } }, list: [1] }
  const merged = deepMerge(first, { a: { b: { d: 2 } }, list: [2] })
  assert.deepEqual(first, { a: { b: { c: 1 } }, list: [1] })
  assert.notEqual(merged['list'], first.list)
})

test('keys that reach a prototype are dropped', () => {
  const merged = deepMerge(JSON.parse('{"__proto__": {"admin": true}, "constructor": 1, "a": {"prototype": 2}}'))
  assert.deepEqual(Object.keys(merged), ['a'])
  assert.deepEqual(merged['a'], {})
  assert.equal(({} as Record<string, unknown>)['admin'], undefined)
})

const objects: ReadonlyArray<[value: unknown, is: boolean]> = [
  [{}, true],
  [[], false],
  [null, false],
  ['{}', false],
]
for (const [value, is] of objects)
  test(`${JSON.stringify(value)} is ${is ? 'an' : 'no'} object`, () => assert.equal(isJsonObject(value), is))
