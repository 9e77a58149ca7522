import type { FleetState } from '#controllers/fleet/fleet-state.ts'
import { isPinned } from '#schema/deployment/image.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import type { DeploymentRecord } from '#schema/deployment/status.ts'

/**
 * The record of the outpost that tries new images before this one; undefined if that is this one. It is the first by
 * name of those of the same type that follow the core's image and are deployed already; pinned ones try nothing for
 * others.
 */
export function canaryFor(
  outpost: Pick<DeployableOutpost, 'pk' | 'type' | 'settings'>,
  { outposts, records }: Pick<FleetState, 'outposts' | 'records'>,
): DeploymentRecord | undefined {
  if (isPinned(outpost)) return undefined
  const [canary] = [...outposts.values()]
    .filter((each) => each.type === outpost.type && !isPinned(each) && records.get(each.pk)?.image)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  return canary === undefined || canary.pk === outpost.pk ? undefined : records.get(canary.pk)
}
