import type { Deployment } from '#controllers/target/target.ts'
import type { DesiredObject } from '#schema/deployment/desired-object.ts'
import { uuidHex } from '#schema/deployment/names.ts'
import type { InventoryItem } from '#schema/deployment/status.ts'
import type { ObjectReconciler } from './object-reconciler.ts'
import type { ObjectRemover } from './object-remover.ts'
import { isWorkload, itemOf, keyOf, withoutKeys } from './plan/inventory.ts'
import type { Outcome } from './plan/outcome.ts'
import { leftOutReports, leftReport, objectReport, type Report, rejectionReports } from './plan/report.ts'
import type { WantedObjects } from './wanted-objects.ts'

export interface DeploymentAppliers {
  readonly reconciler: ObjectReconciler
  readonly remover: ObjectRemover
}

/** Makes everything in its order, then removes what nobody wants any more, once it is not needed any more. */
export async function applyDeployment(
  wanted: WantedObjects,
  { outpost, inventory }: Deployment,
  { reconciler, remover }: DeploymentAppliers,
  signal: AbortSignal,
): Promise<{ readonly reports: readonly Report[]; readonly inventory: readonly InventoryItem[] }> {
  const owner = uuidHex(outpost.pk)
  const made: { each: DesiredObject; outcome: Outcome }[] = []
  // What fails holds up nothing else.
  for (const each of wanted.objects)
    made.push({ each, outcome: await reconciler.reconcile({ wanted: each.object, owner, inventory, signal }) })
  const isWorkloadReady =
    made.every(({ each, outcome }) => each.component !== 'deployment' || outcome.condition === 'ready') &&
    !wanted.rejected.some(({ patch }) => patch.component === 'deployment')
  const there = [
    ...made.flatMap(({ each, outcome }) => (outcome.isNothing ? [] : [itemOf({ ...each.object, ...outcome.live })])),
    ...made.flatMap(({ outcome }) => outcome.orphans ?? []),
    ...untouched(wanted, inventory),
  ]
  const stale = withoutKeys(inventory, [...there, ...itemsOf(wanted.objects)])
  // What serves now is taken away only when what replaces it serves.
  const isHeld = !isWorkloadReady && stale.some(isWorkload)
  const left = isHeld ? [] : await remover.remove(stale, owner, signal)
  const reports = [
    ...made.map(({ each, outcome }) => objectReport(each, outcome)),
    ...leftOutReports(outpost),
    ...wanted.rejected.flatMap(({ patch, objects }) => rejectionReports(patch, objects)),
    ...left.map(({ item, outcome }) => leftReport(item, outcome)),
  ]
  return {
    reports,
    inventory: [...there, ...(isHeld ? stale : left.map(({ item }) => item))],
  }
}

/** What of an inventory nobody wants any more. */
export function staleOf({ objects, rejected }: WantedObjects, inventory: readonly InventoryItem[]) {
  return withoutKeys(inventory, itemsOf([...objects, ...rejected.flatMap((each) => each.objects)]))
}

const itemsOf = (objects: readonly DesiredObject[]) => objects.map(({ object }) => itemOf(object))

/** Of components whose patch cannot be applied. */
function untouched({ rejected }: WantedObjects, inventory: readonly InventoryItem[]): readonly InventoryItem[] {
  const keys = new Set(rejected.flatMap(({ objects }) => itemsOf(objects).map(keyOf)))
  return inventory.filter((item) => keys.has(keyOf(item)))
}
