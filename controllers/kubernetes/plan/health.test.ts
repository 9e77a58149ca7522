import assert from 'node:assert/strict'
import test from 'node:test'
import { healthOf, podTrouble } from './health.ts'
import { type LiveObject, liveObject } from './live-object.ts'

const live = (fields: object, metadata: object = {}): LiveObject =>
  liveObject.parse({ metadata: { name: 'a', uid: 'u', generation: 2, ...metadata }, ...fields })

const done = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }
const rollouts: ReadonlyArray<[what: string, status: object | undefined, expected: string]> = [
  ['is not looked at yet', undefined, 'progressing RollingOut'],
  ['has all its pods', done, 'ready Available'],
  ['was changed since', { ...done, observedGeneration: 1 }, 'progressing RollingOut'],
  ['still has an old pod', { ...done, replicas: 3 }, 'progressing RollingOut'],
  ['has a pod that is not ready', { ...done, availableReplicas: 1 }, 'progressing RollingOut'],
  [
    'may not make pods',
    { ...done, updatedReplicas: 0, conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }] },
    'failed FailedCreate',
  ],
  [
    'takes too long',
    {
      ...done,
      updatedReplicas: 0,
      conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
    },
    'failed ProgressDeadlineExceeded',
  ],
]
for (const [what, status, expected] of rollouts)
  test(`CT-15: a Deployment that ${what}`, () => {
    const { condition, reason } = healthOf('Deployment', live({ spec: { replicas: 2 }, ...(status && { status }) }))
    assert.equal(`${condition} ${reason}`, expected)
  })

test('a Deployment without pods is ready when it has none', () => {
  const status = { observedGeneration: 2 }
  assert.equal(healthOf('Deployment', live({ spec: { replicas: 0 }, status })).condition, 'ready')
})

const parent = (type: string, status: string) => ({ conditions: [{ type, status, reason: 'NoMatchingParent' }] })
const routes: ReadonlyArray<[status: object, expected: string]> = [
  [{}, 'ready Applied'],
  [{ parents: [parent('Accepted', 'True')] }, 'ready Applied'],
  [{ parents: [parent('Accepted', 'True'), parent('Accepted', 'False')] }, 'failed NoMatchingParent'],
  [{ parents: [parent('ResolvedRefs', 'False')] }, 'failed NoMatchingParent'],
]
for (const [status, expected] of routes)
  test(`a route with ${JSON.stringify(status)} is ${expected}`, () => {
    const { condition, reason } = healthOf('HTTPRoute', live({ status }))
    assert.equal(`${condition} ${reason}`, expected)
  })

const pod = (status: object, { hash = 'new', second = 2 } = {}) =>
  live({ status }, { labels: { 'pod-template-hash': hash }, creationTimestamp: `2026-01-01T00:00:0${second}Z` })
const waiting = (reason: string) => ({ containerStatuses: [{ state: { waiting: { reason } } }] })
const crashed = (ready: boolean, restartCount: number) => ({
  containerStatuses: [{ name: 'proxy', ready, restartCount, lastState: { terminated: { exitCode: 3 } } }],
})
const homeless = { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] }
const pods: ReadonlyArray<[what: string, pods: readonly LiveObject[], reason: string | undefined]> = [
  ['no pods', [], undefined],
  ['a pod that starts', [pod(waiting('ContainerCreating'))], undefined],
  ['an image that cannot be pulled', [pod({}), pod(waiting('ImagePullBackOff'))], 'ImagePullBackOff'],
  ['a secret that is missing', [pod(waiting('CreateContainerConfigError'))], 'CreateContainerConfigError'],
  [
    'an init container in trouble',
    [pod({ initContainerStatuses: waiting('ErrImagePull').containerStatuses })],
    'ErrImagePull',
  ],
  ['a crash', [pod(crashed(false, 1))], undefined],
  ['crashes', [pod(crashed(false, 2))], 'CrashLoopBackOff'],
  ['crashes of long ago', [pod(crashed(true, 9))], undefined],
  ['no room', [pod(homeless)], 'Unschedulable'],
  ['trouble of the version before', [pod(waiting('ErrImagePull'), { hash: 'old', second: 1 }), pod({})], undefined],
]
for (const [what, seen, reason] of pods)
  test(`CT-15: pods with ${what}`, () => assert.equal(podTrouble(seen)?.reason, reason))
