import type { PlannedStep } from '#controllers/target/target.ts'
import type { DesiredObject } from '#schema/deployment/desired-object.ts'
import { leftOut } from '#schema/deployment/kubernetes/left-out.ts'
import { objectName } from '#schema/deployment/names.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import type { RejectedPatch } from '#schema/deployment/patch/patch-objects.ts'
import type { InventoryItem, ObjectStatus } from '#schema/deployment/status.ts'
import type { Outcome, Verdict } from './outcome.ts'

/** The status of an object, but for the time. */
export type Report = Omit<ObjectStatus, 'since'>

const LONGEST_NAME = 64
/** Servers quote whole values. */
const LONGEST_MESSAGE = 2048

export function objectReport({ component, object }: DesiredObject, { condition, reason, message }: Verdict): Report {
  const { name, namespace } = object.metadata
  return { component, kind: object.kind, namespace, name, condition, reason, message: cut(message) }
}

/** Of what an outpost's settings ask for and no object can have. */
export function leftOutReports(outpost: DeployableOutpost): readonly Report[] {
  const at = { namespace: outpost.settings.kubernetes_namespace, name: objectName(outpost) }
  return leftOut(outpost).map(({ component, message }) => {
    const kind = component === 'ingress' ? 'Ingress' : 'HTTPRoute'
    return { component, kind, ...at, condition: 'skipped', reason: 'NotRoutable', message }
  })
}

/** Of each object that stays as it is because of the patch; of the patch itself when there is none. */
export function rejectionReports(
  { component, index, reason }: RejectedPatch,
  objects: readonly DesiredObject[],
): readonly Report[] {
  const message = `operation ${index} of its JSON patch: ${reason}`
  const verdict: Verdict = { condition: 'rejected', reason: 'PatchRejected', message }
  if (objects.length > 0) return objects.map((each) => objectReport(each, verdict))
  const name = component.slice(0, LONGEST_NAME)
  return [{ component: name, kind: 'JSONPatch', name, ...verdict, message: reason }]
}

const LEFT = 'no longer wanted'

export function deletionOf({ kind, namespace, name }: InventoryItem): PlannedStep {
  const where = namespace === undefined ? {} : { namespace }
  return { action: 'delete', component: LEFT, kind, ...where, name, detail: [] }
}

/** Of something that nobody wants any more and that is there nevertheless. */
export function leftReport({ kind, namespace, name }: InventoryItem, { condition, reason, message }: Outcome): Report {
  const where = namespace === undefined ? {} : { namespace }
  return { component: LEFT, kind, ...where, name, condition, reason, message: cut(message) }
}

const cut = (message: string) => message.slice(0, LONGEST_MESSAGE)
