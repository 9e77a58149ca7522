import assert from 'node:assert/strict'
import test from 'node:test'
import { applyPatch } from './json-patch.ts'
import { patchProblem } from './json-patch-operation.ts'

type Refusal = readonly [behaviour: string, document: unknown, operations: unknown, index: number, reason: RegExp]

const REFUSED: readonly Refusal[] = [
  [
    'A.9 a test of another value',
    { baz: 'qux' },
    [{ op: 'test', path: '/baz', value: 'bar' }],
    0,
    /another value is at \/baz/,
  ],
  ['A.12 an add below nothing', { foo: 1 }, [{ op: 'add', path: '/baz/bat', value: 1 }], 0, /at \/baz, add that first/],
  ['A.13 no known operation', {}, [{ op: 'nope', path: '/a', value: 1 }], 0, /"op" is one of/],
  ['A.15 text is not a number', { '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }], 0, /another value/],
  [
    'a later operation',
    { a: 1 },
    [
      { op: 'remove', path: '/a' },
      { op: 'remove', path: '/a' },
    ],
    1,
    /nothing is at \/a/,
  ],
  ['an operation called toString', {}, [{ op: 'toString', path: '/a' }], 0, /"op" is one of/],
  ['the package’s own _get', {}, [{ op: '_get', path: '' }], 0, /"op" is one of/],
  ['an operation without path', {}, [{ op: 'add', value: 1 }], 0, /^path is required/],
  ['an operation without value', {}, [{ op: 'add', path: '/a' }], 0, /^value is required/],
  ['an operation without from', {}, [{ op: 'move', path: '/a' }], 0, /^from is required/],
  ['a path that is a number', {}, [{ op: 'add', path: 1, value: 1 }], 0, /^path should be text/],
  ['a path without /', {}, [{ op: 'add', path: 'a', value: 1 }], 0, /^path should be a JSON pointer/],
  ['a lone ~', {}, [{ op: 'add', path: '/a~2', value: 1 }], 0, /^path should be a JSON pointer/],
  ['text for an operation', {}, ['text'], 0, /should be an operation/],
  ['a patch that is no list', {}, { op: 'add' }, 0, /list of operations/],
  ['remove of nothing', {}, [{ op: 'remove', path: '/a' }], 0, /nothing is at \/a/],
  ['replace of nothing', {}, [{ op: 'replace', path: '/a', value: 1 }], 0, /nothing is at \/a/],
  ['copy from nothing', {}, [{ op: 'copy', from: '/a', path: '/b' }], 0, /nothing is at \/a/],
  ['move into its own child', { a: {} }, [{ op: 'move', from: '/a', path: '/a/b' }], 0, /cannot move into itself/],
  ['remove of the root', {}, [{ op: 'remove', path: '' }], 0, /whole document/],
  ['an index beyond the end', { a: [1] }, [{ op: 'add', path: '/a/2', value: 1 }], 0, /from 0 to 1/],
  [
    'an index with a zero in front',
    { a: [1] },
    [{ op: 'replace', path: '/a/00', value: 1 }],
    0,
    /nothing is at \/a\/00/,
  ],
  ['an index beyond 32 bits', { a: [1] }, [{ op: 'remove', path: '/a/4294967296' }], 0, /nothing is at/],
  ['a word as index', { a: [1] }, [{ op: 'add', path: '/a/x', value: 1 }], 0, /x is not an index/],
  ['- elsewhere than at an add', { a: [1] }, [{ op: 'remove', path: '/a/-' }], 0, /nothing is at \/a\/-/],
  ['a replace at -', { a: [1] }, [{ op: 'replace', path: '/a/-', value: 1 }], 0, /nothing is at \/a\/-/],
  ['an add below text', { a: 'text' }, [{ op: 'add', path: '/a/0', value: 1 }], 0, /\/a can hold nothing/],
  ['an inherited member', { a: {} }, [{ op: 'copy', from: '/a/valueOf', path: '/b' }], 0, /nothing is at/],
  ['the length of an array', { a: [1] }, [{ op: 'replace', path: '/a/length', value: 0 }], 0, /nothing is at/],
  ['/__proto__', {}, [{ op: 'add', path: '/__proto__/polluted', value: 1 }], 0, /forbidden name/],
  [
    '/constructor/prototype',
    {},
    [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }],
    0,
    /forbidden name/,
  ],
  [
    '/constructor of an array',
    { a: [] },
    [{ op: 'add', path: '/a/constructor/polluted', value: 1 }],
    0,
    /forbidden name/,
  ],
  ['from __proto__', {}, [{ op: 'copy', from: '/__proto__', path: '/a' }], 0, /^from passes a forbidden name/],
  [
    '__proto__ in a value',
    {},
    [{ op: 'add', path: '/a', value: JSON.parse('{"__proto__":{"polluted":1}}') }],
    0,
    /^value has a forbidden name/,
  ],
  ['a value that is not JSON', {}, [{ op: 'add', path: '/a', value: { b: undefined } }], 0, /^value is not JSON/],
  [
    'copies that double the document',
    { a: 'x'.repeat(1000) },
    Array.from({ length: 64 }, (_, n) => ({ op: 'copy', from: '', path: `/c${n}` })),
    10,
    /too large/,
  ],
  [
    'a very deep value',
    {},
    [{ op: 'add', path: '/a', value: JSON.parse('['.repeat(100) + ']'.repeat(100)) }],
    0,
    /too deep/,
  ],
  [
    'a very long patch',
    {},
    Array.from({ length: 1001 }, () => ({ op: 'test', path: '', value: {} })),
    1000,
    /too many/,
  ],
]

for (const [behaviour, document, operations, index, reason] of REFUSED) {
  test(`a JSON patch is refused as a whole: ${behaviour}`, () => {
    const before = structuredClone(document)
    const result = applyPatch(document, operations)
    assert.partialDeepStrictEqual(result, { kind: 'rejected', index })
    assert.match((result as { reason: string }).reason, reason)
    assert.deepEqual(document, before)
    assert.equal('polluted' in {} || 'polluted' in [], false)
  })
}

test('a reason holds no values', () => {
  const result = applyPatch({ token: 's3cret' }, [{ op: 'test', path: '/token', value: 'gu3ss' }])
  assert.doesNotMatch(JSON.stringify(result), /s3cret|gu3ss/)
})

test('what no document could take is found without one', () => {
  assert.equal(patchProblem([{ op: 'remove', path: '/not/there' }]), undefined)
  assert.deepEqual(patchProblem([{ op: 'remove', path: '/a' }, { op: 'remove' }]), {
    index: 1,
    reason: 'path is required',
  })
})
