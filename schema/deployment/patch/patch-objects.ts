import { applyPatch } from '#schema/kernel/json-patch.ts'
import { type PatchProblem, patchProblem } from '#schema/kernel/json-patch-operation.ts'
import type { DesiredObject, KubernetesObject } from '../desired-object.ts'
import { withSecretChecksum } from '../kubernetes/secret-checksum.ts'
import type { DeploymentSettings } from '../settings.ts'
import { asStored } from './as-stored.ts'
import { componentProblem } from './component-problem.ts'
import { protectedFields } from './protected-fields.ts'

/** As it is sent: with every field that a patch has put there, whether this program knows it or not. */
export type PatchedObject = DesiredObject

/** A component whose patch cannot be applied, or a key that is none; the index is the operation's. */
export interface RejectedPatch extends PatchProblem {
  readonly component: string
}

export interface PatchedObjects {
  readonly objects: readonly PatchedObject[]
  /** Of these components there is no object: what is live of them stays as it is, neither changed nor removed. */
  readonly rejected: readonly RejectedPatch[]
}

type Patches = DeploymentSettings['kubernetes_json_patches']

/**
 * The objects with the administrator's patches (RFC 6902) applied. A component's operations apply to each of its objects,
 * always to what is wanted and never to what is live, so that the second time is like the first. `refused` are patches
 * that cannot be applied for a reason that is not seen here.
 */
export function patchObjects(
  objects: readonly DesiredObject[],
  patches: Patches,
  refused: readonly RejectedPatch[] = [],
): PatchedObjects {
  const rejected = new Map([...unusable(patches ?? {}, objects), ...refused].map((each) => [each.component, each]))
  const patched: PatchedObject[] = []
  for (const { component, object, isOptionalKind } of objects) {
    const operations = patches !== null && Object.hasOwn(patches, component) ? patches[component] : []
    const result = applyPatch(object, operations, protectedFields(object))
    if (result.kind === 'patched')
      patched.push({ component, object: result.document as KubernetesObject, isOptionalKind })
    else if (!rejected.has(component))
      rejected.set(component, { component, index: result.index, reason: result.reason })
  }
  const whole = patched.filter(({ component }) => !rejected.has(component))
  return {
    objects: withSecretChecksum(whole.map((each) => ({ ...each, object: asStored(each.object) }))),
    rejected: [...rejected.values()],
  }
}

/** Keys that are no component, and patches that no object could take where there is none to try them on. */
function unusable(patches: NonNullable<Patches>, objects: readonly DesiredObject[]): readonly RejectedPatch[] {
  return Object.entries(patches).flatMap(([component, operations]) => {
    const unknown = componentProblem(component)
    if (unknown !== undefined) return [{ component, index: 0, reason: unknown }]
    if (objects.some((each) => each.component === component)) return []
    const problem = patchProblem(operations)
    return problem === undefined ? [] : [{ component, ...problem }]
  })
}
