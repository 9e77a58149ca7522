import assert from 'node:assert/strict'
import test from 'node:test'
import { plan } from './plan.ts'

const thing = (key: string, env: Record<string, string> = {}) => ({ key, env })

const vectors: ReadonlyArray<
  [what: string, desired: ReturnType<typeof thing>[], actual: ReturnType<typeof thing>[], steps: string[]]
> = [
  ['nothing is wanted and nothing runs', [], [], []],
  ['something new', [thing('a')], [], ['create a']],
  ['the same', [thing('a', { x: '1', y: '2' })], [thing('a', { y: '2', x: '1' })], []],
  ['something changed', [thing('a', { x: '1' })], [thing('a', { x: '2' })], ['replace a']],
  ['something gone, before what is new', [thing('b')], [thing('a')], ['delete a', 'create b']],
]
for (const [what, desired, actual, steps] of vectors)
  test(what, () =>
    assert.deepEqual(
      plan(desired, actual).map((step) => `${step.kind} ${step.key}`),
      steps,
    ),
  )
