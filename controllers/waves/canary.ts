import type { FleetState } from '#controllers/fleet/fleet-state.ts'
import { imageOf, isPinned } from '#schema/deployment/image.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import { type DeploymentRecord, isRefused } from '#schema/deployment/status.ts'

/** The outpost of each type that tries new images before the others. */
export type Canaries = ReadonlyMap<DeployableOutpost['type'], string>

type Known = Pick<FleetState, 'outposts' | 'records' | 'unserved' | 'context'>

/**
 * One of those of a type that follow the core's image and are deployed already; pinned ones try nothing for others. It is
 * the one that has begun to try, else the first by name, before those that nobody reaches. Their UUIDs.
 */
export function canariesOf(state: Known): Canaries {
  const first = new Map<DeployableOutpost['type'], { readonly outpost: DeployableOutpost; readonly rank: number }>()
  for (const outpost of state.outposts.values()) {
    const record = state.records.get(outpost.pk)
    if (isPinned(outpost) || !record?.image) continue
    const rank = rankOf(record, imageOf(outpost, state.context), state.unserved)
    const best = first.get(outpost.type)
    const isBetter = best === undefined || rank < best.rank || (rank === best.rank && outpost.name < best.outpost.name)
    if (isBetter) first.set(outpost.type, { outpost, rank })
  }
  return new Map([...first].map(([type, { outpost }]) => [type, outpost.pk]))
}

/** Of an outpost that nobody reaches, or whose target takes nothing, nothing will be heard. One that has refused an image has done so for all. */
function rankOf(record: DeploymentRecord, wanted: string, unserved: ReadonlySet<string>): number {
  if (record.rejected_image === wanted) return 0
  if (record.error !== '' || unserved.has(record.outpost) || isRefused(record)) return 2
  return record.image === wanted && record.previous_image !== '' ? 0 : 1
}

/** The record of the outpost that tries new images before this one; undefined if that is this one. */
export function canaryFor(
  outpost: Pick<DeployableOutpost, 'pk' | 'type' | 'settings'>,
  state: Known,
  canaries: Canaries = canariesOf(state),
): DeploymentRecord | undefined {
  const canary = canaries.get(outpost.type)
  return isPinned(outpost) || canary === undefined || canary === outpost.pk ? undefined : state.records.get(canary)
}
