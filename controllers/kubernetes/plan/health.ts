import { z } from 'zod'
import type { LiveObject } from './live-object.ts'
import type { Verdict } from './outcome.ts'

const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z.string().default(''),
})
const conditions = z.array(condition).default([])

const deploymentShape = z.looseObject({
  metadata: z.looseObject({ generation: z.number().default(0) }),
  spec: z.looseObject({ replicas: z.number().default(1) }),
  status: z
    .looseObject({
      observedGeneration: z.number().default(-1),
      replicas: z.number().default(0),
      updatedReplicas: z.number().default(0),
      availableReplicas: z.number().default(0),
      conditions,
    })
    .prefault({}),
})
const containerStatus = z.looseObject({
  name: z.string().default(''),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  state: z
    .looseObject({
      waiting: z.looseObject({ reason: z.string().default(''), message: z.string().default('') }).optional(),
    })
    .prefault({}),
  lastState: z.looseObject({ terminated: z.looseObject({ exitCode: z.number() }).optional() }).prefault({}),
})
type ContainerStatus = z.infer<typeof containerStatus>
const podShape = z.looseObject({
  status: z
    .looseObject({
      conditions,
      containerStatuses: z.array(containerStatus).default([]),
      initContainerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
})
const routeShape = z.looseObject({
  status: z.looseObject({ parents: z.array(z.looseObject({ conditions })).default([]) }).prefault({}),
})

const READY: Verdict = { condition: 'ready', reason: 'Applied', message: '' }
/** What a container waits for in the course of things. */
const USUAL_WAITS = new Set(['', 'ContainerCreating', 'PodInitializing'])
/** Once may be chance. */
const CRASHES = 2

/** How an object does that is as it is wanted; of most kinds there is nothing to wait for. */
export function healthOf(kind: string, live: LiveObject): Verdict {
  if (kind === 'Deployment') return deploymentHealth(live)
  if (kind === 'HTTPRoute') return routeHealth(live)
  return READY
}

function deploymentHealth(live: LiveObject): Verdict {
  const { metadata, spec, status } = deploymentShape.parse(live)
  const stuck = status.conditions.find(
    ({ type, status: value, reason }) =>
      (type === 'ReplicaFailure' && value === 'True') ||
      (type === 'Progressing' && reason === 'ProgressDeadlineExceeded'),
  )
  const { observedGeneration, replicas, updatedReplicas, availableReplicas } = status
  const isSeen = observedGeneration >= metadata.generation
  const count = `${Math.min(updatedReplicas, availableReplicas)} of ${spec.replicas} pods are ready`
  if (isSeen && stuck !== undefined)
    return { condition: 'failed', reason: stuck.reason, message: `${count}: ${stuck.message}` }
  const isDone = updatedReplicas === spec.replicas && replicas === updatedReplicas && availableReplicas >= spec.replicas
  if (isSeen && isDone) return { condition: 'ready', reason: 'Available', message: '' }
  return { condition: 'progressing', reason: 'RollingOut', message: count }
}

/** A route that no gateway lets in serves nobody. */
function routeHealth(live: LiveObject): Verdict {
  const refused = routeShape
    .parse(live)
    .status.parents.flatMap((parent) => parent.conditions)
    .find(({ type, status }) => ['Accepted', 'ResolvedRefs'].includes(type) && status === 'False')
  return refused === undefined
    ? READY
    : { condition: 'failed', reason: refused.reason || 'NotAccepted', message: refused.message }
}

/** Why the pods of the newest template cannot come up: an image that cannot be pulled, a crash, no room; else undefined. */
export function podTrouble(pods: readonly LiveObject[]): Verdict | undefined {
  const hashOf = (pod: LiveObject | undefined) => pod?.metadata.labels['pod-template-hash']
  const created = ({ metadata }: LiveObject) => Date.parse(metadata.creationTimestamp ?? '') || 0
  const newest = hashOf(pods.toSorted((a, b) => created(b) - created(a))[0])
  for (const pod of pods.filter((each) => hashOf(each) === newest)) {
    const { status } = podShape.parse(pod)
    const containers = [...status.initContainerStatuses, ...status.containerStatuses]
    const trouble = containers.map(containerTrouble).find((each) => each !== undefined)
    if (trouble !== undefined) return trouble
    const homeless = status.conditions.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False')
    if (homeless !== undefined)
      return { condition: 'failed', reason: homeless.reason || 'Unschedulable', message: homeless.message }
  }
  return undefined
}

function containerTrouble({ name, ready, restartCount, state, lastState }: ContainerStatus): Verdict | undefined {
  const { waiting } = state
  const crash = lastState.terminated
  // It runs for a moment between crashes; that is no progress.
  if (!ready && restartCount >= CRASHES && crash !== undefined) {
    const message = `container ${name} ends again and again, last with exit code ${crash.exitCode}`
    return { condition: 'failed', reason: 'CrashLoopBackOff', message }
  }
  if (waiting === undefined || USUAL_WAITS.has(waiting.reason)) return undefined
  return { condition: 'failed', reason: waiting.reason, message: waiting.message }
}
