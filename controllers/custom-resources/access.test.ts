import assert from 'node:assert/strict'
import test from 'node:test'
import { decideAccess } from './access.ts'

const live = (pk: string, group: string, more: object = {}) => ({ pk, group, ...more })
type Vector = [
  what: string,
  wanted: string[] | undefined,
  ours: Record<string, string>,
  live: ReturnType<typeof live>[],
  result: { bind?: string[]; take?: Record<string, string>; unbind?: Record<string, string>; drifted?: boolean },
]
const vectors: readonly Vector[] = [
  ['a new group', ['a'], {}, [], { bind: ['a'] }],
  ['as it was', ['a'], { a: '1' }, [live('1', 'a')], {}],
  ['another group', ['b'], { a: '1' }, [live('1', 'a')], { bind: ['b'], unbind: { a: '1' } }],
  ['everyone', undefined, { a: '1' }, [live('1', 'a')], { unbind: { a: '1' } }],
  ['everyone from the start', undefined, {}, [live('9', 'z')], {}],
  ['what an interrupted try has left', ['a'], {}, [live('1', 'a')], { take: { a: '1' } }],
  ['one that refuses instead', ['a'], {}, [live('1', 'a', { negate: true })], { bind: ['a'] }],
  ['people take ours away', ['a'], { a: '1' }, [], { drifted: true }],
  ['people switch ours off', ['a'], { a: '1' }, [live('1', 'a', { enabled: false })], { drifted: true }],
  ['people point ours elsewhere', ['a'], { a: '1' }, [live('1', 'b')], { drifted: true }],
  ['people add others', ['a'], { a: '1' }, [live('1', 'a'), live('2', 'b')], {}],
]
for (const [what, wanted, ours, bindings, result] of vectors)
  test(what, () => {
    const { bind, take, unbind, drifted } = decideAccess(wanted, ours, bindings, { overwrites: false })
    const found = { bind, take: Object.fromEntries(take), unbind: Object.fromEntries(unbind), drifted }
    assert.deepEqual(found, { bind: [], take: {}, unbind: {}, drifted: false, ...result })
  })

test('where drift is undone, one that was changed makes way for a new one', () => {
  const changed = [live('1', 'a', { enabled: false })]
  const { bind, unbind, drifted } = decideAccess(['a'], { a: '1' }, changed, { overwrites: true })
  assert.deepEqual([bind, [...unbind], drifted], [['a'], [['a', '1']], false])
})
