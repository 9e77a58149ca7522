import assert from 'node:assert/strict'
import test from 'node:test'
import { appliedAfter, decideWrite } from './decide-write.ts'

const vectors: ReadonlyArray<
  [
    what: string,
    wanted: object,
    applied: { said: object; kept: object },
    live: object,
    values: object,
    drifted: string[],
  ]
> = [
  ['what is new is written', { a: 1 }, { said: {}, kept: {} }, { a: 1 }, { a: 1 }, []],
  ['what is as it was is not', { a: 1 }, { said: { a: 1 }, kept: { a: 1 } }, { a: 1 }, {}, []],
  ['what the author changed is', { a: 2 }, { said: { a: 1 }, kept: { a: 1 } }, { a: 1 }, { a: 2 }, []],
  ['what somebody else changed has drifted', { a: 1 }, { said: { a: 1 }, kept: { a: 1 } }, { a: 3 }, {}, ['a']],
  ['the author goes before them', { a: 2 }, { said: { a: 1 }, kept: { a: 1 } }, { a: 3 }, { a: 2 }, []],
  [
    'another form of a value is no drift',
    { a: 'DC=X' },
    { said: { a: 'DC=X' }, kept: { a: 'dc=x' } },
    { a: 'dc=x' },
    {},
    [],
  ],
  ['nor is another order of keys', { a: [1, 2] }, { said: { a: [2, 1] }, kept: { a: [1, 2] } }, { a: [2, 1] }, {}, []],
  ['what is not said is left alone', {}, { said: { a: 1 }, kept: { a: 1 } }, { a: 3 }, {}, []],
  ['null and nothing are one', { a: null }, { said: { a: null }, kept: {} }, { a: null }, {}, []],
]

for (const [what, wanted, applied, live, values, drifted] of vectors)
  test(what, () => {
    const found = decideWrite({ ...wanted }, applied as never, { ...live }, { overwrites: false })
    assert.deepEqual(found, { values, drifted })
    const undone = decideWrite({ ...wanted }, applied as never, { ...live }, { overwrites: true })
    assert.deepEqual(undone.drifted, [])
    assert.deepEqual(Object.keys(undone.values).sort(), [...Object.keys(values), ...drifted].sort())
  })

test('drift stays to be seen after another field was written', () => {
  const before = { said: { a: 1, b: 1 }, kept: { a: 1, b: 1 } }
  const after = appliedAfter({ a: 1, b: 2 }, before, { a: 9, b: 2 }, ['a'])
  assert.deepEqual(decideWrite({ a: 1, b: 2 }, after, { a: 9, b: 2 }, { overwrites: false }).drifted, ['a'])
})
