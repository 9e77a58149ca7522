import assert from 'node:assert/strict'
import test from 'node:test'
import { changedPointers, JSON_POINTER, pointerOf, pointerSteps, valueAt } from './json-pointer.ts'

const DOCUMENT = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'c%d': 2, 'm~n': 8, ' ': 7, nothing: null }

const POINTERS: ReadonlyArray<[pointer: string, value: unknown]> = [
  ['', DOCUMENT],
  ['/foo', ['bar', 'baz']],
  ['/foo/0', 'bar'],
  ['/', 0],
  ['/a~1b', 1],
  ['/c%d', 2],
  ['/m~0n', 8],
  ['/ ', 7],
  ['/nothing', null],
  ['/foo/2', undefined],
  ['/foo/-', undefined],
  ['/foo/01', undefined],
  ['/foo/length', undefined],
  ['/toString', undefined],
  ['/foo/0/0', undefined],
]
for (const [pointer, value] of POINTERS) {
  test(`RFC 6901: ${JSON.stringify(pointer)}`, () => {
    assert.match(pointer, JSON_POINTER)
    assert.equal(pointerOf(pointerSteps(pointer)), pointer)
    assert.deepEqual(valueAt(DOCUMENT, pointerSteps(pointer)), value)
  })
}

test('~01 is the name ~1', () => assert.deepEqual(pointerSteps('/~01'), ['~1']))

const CHANGES: ReadonlyArray<[before: unknown, after: unknown, changed: readonly string[]]> = [
  [{ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, []],
  [{ a: 1 }, { a: 2 }, ['/a']],
  [{ a: { b: 1 } }, { a: { c: { d: 1 } } }, ['/a/b', '/a/c']],
  [{ a: [1] }, { a: [2, 3] }, ['/a/0', '/a/1']],
  [{ a: [] }, { a: {} }, ['/a']],
  [{ a: null }, {}, ['/a']],
  [{ 'x/y': 1 }, {}, ['/x~1y']],
  [1, 2, ['']],
]
for (const [before, after, changed] of CHANGES) {
  test(`${JSON.stringify(before)} to ${JSON.stringify(after)} changes ${JSON.stringify(changed)}`, () =>
    assert.deepEqual(changedPointers(before, after), changed))
}
