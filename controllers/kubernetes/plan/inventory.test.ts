import assert from 'node:assert/strict'
import test from 'node:test'
import { withoutKeys } from './inventory.ts'

const item = (apiVersion: string, kind: string, name = 'a', namespace = 'ns') => ({ apiVersion, kind, namespace, name })

const vectors: ReadonlyArray<[what: string, known: ReturnType<typeof item>, isStale: boolean]> = [
  ['the same object', item('policy/v1', 'PodDisruptionBudget'), false],
  ['the same object in another version of its group', item('policy/v1beta1', 'PodDisruptionBudget'), false],
  ['an object of another group', item('example.com/v1', 'PodDisruptionBudget'), true],
  ['an object of another name', item('policy/v1', 'PodDisruptionBudget', 'b'), true],
  ['an object of another namespace', item('policy/v1', 'PodDisruptionBudget', 'a', 'other'), true],
]
for (const [what, known, isStale] of vectors)
  test(`CT-09: ${what} is ${isStale ? 'not wanted any more' : 'kept'}`, () =>
    assert.deepEqual(withoutKeys([known], [item('policy/v1', 'PodDisruptionBudget')]), isStale ? [known] : []))
