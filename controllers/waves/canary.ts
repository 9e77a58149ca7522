import type { FleetState } from '#controllers/fleet/fleet-state.ts'
import { isPinned } from '#schema/deployment/image.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import type { DeploymentRecord } from '#schema/deployment/status.ts'

/** The outpost of each type that tries new images before the others. */
export type Canaries = ReadonlyMap<DeployableOutpost['type'], string>

/**
 * The first by name of those of a type that follow the core's image and are deployed already; pinned ones try nothing for
 * others. Their UUIDs.
 */
export function canariesOf({ outposts, records }: Pick<FleetState, 'outposts' | 'records'>): Canaries {
  const first = new Map<DeployableOutpost['type'], DeployableOutpost>()
  for (const each of outposts.values()) {
    const known = first.get(each.type)
    if (isPinned(each) || !records.get(each.pk)?.image || (known !== undefined && known.name <= each.name)) continue
    first.set(each.type, each)
  }
  return new Map([...first].map(([type, { pk }]) => [type, pk]))
}

/** The record of the outpost that tries new images before this one; undefined if that is this one. */
export function canaryFor(
  outpost: Pick<DeployableOutpost, 'pk' | 'type' | 'settings'>,
  state: Pick<FleetState, 'outposts' | 'records'>,
  canaries: Canaries = canariesOf(state),
): DeploymentRecord | undefined {
  const canary = canaries.get(outpost.type)
  return isPinned(outpost) || canary === undefined || canary === outpost.pk ? undefined : state.records.get(canary)
}
