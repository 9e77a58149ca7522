import assert from 'node:assert/strict'
import test from 'node:test'
import { applyPatch } from './json-patch.ts'

type Row = readonly [behaviour: string, document: unknown, operations: unknown, expected: unknown]

const APPENDIX_A: readonly Row[] = [
  ['A.1 adds a member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
  ['A.2 adds an element', { a: [1, 2] }, [{ op: 'add', path: '/a/1', value: 'x' }], { a: [1, 'x', 2] }],
  ['A.3 removes a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
  ['A.4 removes an element', { a: [1, 'x', 2] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 2] }],
  ['A.5 replaces', { baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
  [
    'A.6 moves a member',
    { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
    [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
  ],
  [
    'A.7 moves an element',
    { foo: ['all', 'grass', 'cows', 'eat'] },
    [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
    { foo: ['all', 'cows', 'eat', 'grass'] },
  ],
  [
    'A.8 tests',
    { baz: 'qux', foo: ['a', 2, 'c'] },
    [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    { baz: 'qux', foo: ['a', 2, 'c'] },
  ],
  ['A.10 adds an object', { foo: 1 }, [{ op: 'add', path: '/child', value: { a: {} } }], { foo: 1, child: { a: {} } }],
  ['A.11 ignores other members', { foo: 1 }, [{ op: 'add', path: '/b', value: 2, xyz: 123 }], { foo: 1, b: 2 }],
  ['A.14 reads ~01 as ~1', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
  ['A.16 adds an array', { foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['x'] }], { foo: ['bar', ['x']] }],
]

const MORE: readonly Row[] = [
  ['no operation', { a: 1 }, [], { a: 1 }],
  [
    'null is a value',
    { a: 1 },
    [
      { op: 'replace', path: '/a', value: null },
      { op: 'remove', path: '/a' },
    ],
    {},
  ],
  ['the empty name', {}, [{ op: 'add', path: '/', value: 1 }], { '': 1 }],
  ['the root', { a: 1 }, [{ op: 'replace', path: '', value: [1] }], [1]],
  ['a part to the root', { a: { b: 1 } }, [{ op: 'move', from: '/a', path: '' }], { b: 1 }],
  ['a move to where it is', { a: 1 }, [{ op: 'move', from: '/a', path: '/a' }], { a: 1 }],
  ['an add over a value', { a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
  [
    'equal objects in any order',
    { a: { x: 1, y: [2] } },
    [{ op: 'test', path: '/a', value: { y: [2], x: 1 } }],
    { a: { x: 1, y: [2] } },
  ],
  ['own members with inherited names', {}, [{ op: 'add', path: '/toString', value: 1 }], { toString: 1 }],
  ['an annotation', { a: {} }, [{ op: 'add', path: '/a/example.com~1x', value: 'y' }], { a: { 'example.com/x': 'y' } }],
  [
    'what is added is a copy',
    {},
    [
      { op: 'add', path: '/a', value: {} },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/a/x', value: 1 },
    ],
    { a: { x: 1 }, b: {} },
  ],
]

for (const [behaviour, document, operations, expected] of [...APPENDIX_A, ...MORE]) {
  test(`a JSON patch: ${behaviour}`, () => {
    const before = structuredClone({ document, operations })
    assert.deepEqual(applyPatch(document, operations), { kind: 'patched', document: expected })
    assert.deepEqual({ document, operations }, before, 'neither the document nor the patch is changed')
  })
}

const INVARIANT: ReadonlyArray<[behaviour: string, operations: unknown, expected: object]> = [
  ['kept', [{ op: 'add', path: '/b', value: 1 }], { kind: 'patched' }],
  [
    'broken in between',
    [
      { op: 'remove', path: '/id' },
      { op: 'add', path: '/id', value: 7 },
    ],
    { kind: 'patched' },
  ],
  [
    'broken, mended and broken again',
    [
      { op: 'remove', path: '/id' },
      { op: 'add', path: '/id', value: 7 },
      { op: 'replace', path: '', value: {} },
      { op: 'add', path: '/b', value: 1 },
    ],
    { kind: 'rejected', index: 2, reason: 'id changed' },
  ],
]
for (const [behaviour, operations, expected] of INVARIANT) {
  test(`the invariant of a patched document: ${behaviour}`, () => {
    const keepsId = (document: unknown) => ((document as { id?: unknown }).id === 7 ? undefined : 'id changed')
    assert.partialDeepStrictEqual(applyPatch({ id: 7 }, operations, keepsId), expected)
  })
}
