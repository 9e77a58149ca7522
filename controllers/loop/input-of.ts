import type { FleetState } from '#controllers/fleet/fleet-state.ts'
import { type Canaries, canaryFor } from '#controllers/waves/canary.ts'
import { healthySince } from '#controllers/waves/rollout.ts'
import { imageOf } from '#schema/deployment/image.ts'

/** Everything that what is wanted of an outpost depends on; the same text means that nothing has changed. */
export function inputOf(
  pk: string,
  state: FleetState,
  { canaries, holds }: { canaries: Canaries; holds: (connection: string) => boolean },
): string {
  const { outposts, connections, records, gone, context } = state
  const outpost = outposts.get(pk)
  const record = records.get(pk)
  // That something was made where it should be, and is now known, is no change.
  const elsewhere = record?.connection === outpost?.connection ? undefined : record?.connection
  const ways = [outpost?.connection, elsewhere].map((each) => [
    connections.get(each ?? '')?.fingerprint,
    holds(each ?? ''),
  ])
  // Who has the image that it should have waits for nobody.
  const isWaiting = outpost !== undefined && record !== undefined && record.image !== imageOf(outpost, context)
  const canary = isWaiting ? canaryFor(outpost, state, canaries) : undefined
  const proof = canary && [canary.image, canary.rejected_image, healthySince(canary)]
  return JSON.stringify([outpost, gone.has(pk), ways, context.version, context.imageTemplate, proof])
}
