import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { changedPointers, pointerOf, pointerSteps, valueAt } from '#schema/kernel/json-pointer.ts'
import type { KubernetesObject } from '../desired-object.ts'
import { OWNER_LABEL } from '../kubernetes/labels.ts'

/** Which object it is, whose, and whether it goes when it is deleted, or with another. */
const IDENTITY = [
  '/apiVersion',
  '/kind',
  '/metadata/name',
  '/metadata/namespace',
  pointerOf(['metadata', 'labels', OWNER_LABEL]),
  '/metadata/ownerReferences',
  '/metadata/finalizers',
]
/** Which pods are the outpost's. */
const SELECTORS = ['/spec/selector', '/spec/podSelector', '/spec/scaleTargetRef']
/** What only the server says; it refuses some of it, and takes some of it for the state of the live object. */
const SERVERS = [
  '/metadata/generateName',
  '/metadata/uid',
  '/metadata/resourceVersion',
  '/metadata/generation',
  '/metadata/creationTimestamp',
  '/metadata/deletionTimestamp',
  '/metadata/deletionGracePeriodSeconds',
  '/metadata/managedFields',
  '/metadata/selfLink',
  '/status',
]

/**
 * What a patch must leave as it is, whichever way it is written: the reason is given for an object in which it is not.
 * Objects are compared, not paths, so that moves, copies and whole subtrees are seen too.
 */
export function protectedFields(before: KubernetesObject): (after: unknown) => string | undefined {
  const fields = [...IDENTITY, ...SELECTORS, ...selectedLabels(before), ...SERVERS].map((pointer) => ({
    pointer,
    steps: pointerSteps(pointer),
  }))
  return (after) => {
    const changed = fields.find(
      ({ steps }) => changedPointers(valueAt(before, steps), valueAt(after, steps)).length > 0,
    )
    return changed === undefined ? undefined : `${changed.pointer} cannot be changed`
  }
}

/** The labels of the pods that the selector of a Deployment asks for. */
function selectedLabels(object: KubernetesObject): readonly string[] {
  const labels = valueAt(object, ['spec', 'selector', 'matchLabels'])
  if (!isJsonObject(labels) || valueAt(object, ['spec', 'template']) === undefined) return []
  return Object.keys(labels).map((key) => pointerOf(['spec', 'template', 'metadata', 'labels', key]))
}
