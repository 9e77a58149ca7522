import type { FleetConnection, FleetOutpost, FleetState } from '#controllers/fleet/fleet-state.ts'
import type { TokenKeeper } from '#controllers/fleet/token-keeper.ts'
import { hideToken } from '#controllers/target/hide-secrets.ts'
import type { Target } from '#controllers/target/target.ts'
import { DeploymentPendingError } from '#controllers/target/target-error.ts'
import { canaryFor } from '#controllers/waves/canary.ts'
import { decideImage, ROLLOUT_LIMITS } from '#controllers/waves/rollout.ts'
import { imageOf, isPinned } from '#schema/deployment/image.ts'
import { type DeploymentRecord, type ObjectStatus, ROLLED_BACK } from '#schema/deployment/status.ts'
import { reasonOf } from './reason-of.ts'
import { RecordKeeper, type RecordKeeperOptions } from './record-keeper.ts'
import type { Targets } from './targets.ts'
import { tearDown } from './tear-down.ts'

/** Objects that are on their way are looked at again this soon. */
const SOON_MS = 2_000

export interface ReconcileSurroundings extends RecordKeeperOptions {
  readonly targets: Targets
  readonly tokens: Pick<TokenKeeper, 'tokenOf'>
}

/**
 * Brings one outpost's deployment to where it should be, whatever that takes: removes what is elsewhere or of an outpost
 * that is gone, makes what is wanted, and keeps in the core what there is, before and after. Returns after how many ms
 * to look again although nothing changes, undefined for "at the next resync"; rejects when another try is worth it.
 */
export async function reconcile(
  outpostPk: string,
  state: FleetState,
  surroundings: ReconcileSurroundings,
  signal: AbortSignal,
): Promise<number | undefined> {
  const outpost = state.outposts.get(outpostPk)
  const connection = state.connections.get(outpost?.connection ?? '')
  const known = state.records.get(outpostPk)
  // What is not seen, or cannot be understood, is not gone.
  if (outpost === undefined && !state.gone.has(outpostPk)) return undefined
  const isElsewhere = known !== undefined && known.connection !== connection?.pk
  if (isElsewhere && !(await tearDown(known, state, surroundings, signal))) return undefined
  if (outpost === undefined || connection === undefined || !surroundings.claims.holds(connection.pk)) return undefined
  return deploy({ outpost, connection, record: isElsewhere ? undefined : known, state }, surroundings, signal)
}

interface Work {
  readonly outpost: FleetOutpost
  readonly connection: FleetConnection
  readonly record: DeploymentRecord | undefined
  readonly state: FleetState
}

async function deploy(
  { outpost, connection, record, state }: Work,
  surroundings: ReconcileSurroundings,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { clock, targets, tokens } = surroundings
  const wanted = imageOf(outpost, state.context)
  const pinned = isPinned(outpost)
  const canary = canaryFor(outpost, state)
  const rollout = decideImage({ wanted, isPinned: pinned, own: record, canary, now: clock.now() }, ROLLOUT_LIMITS)
  const keeper = new RecordKeeper(surroundings, { outpost, connection, rollout, wanted }, record)
  const secrets = { token: '' }
  try {
    const target: Target = await targets.of(connection)
    secrets.token = (await tokens.tokenOf(outpost)).reveal()
    const before = record?.objects ?? []
    const { image } = rollout
    const deployment = { outpost, image, context: state.context, secrets, inventory: keeper.inventory, before }
    await keeper.intend(await target.items(deployment, signal))
    const { objects: seen, inventory } = await target.apply({ ...deployment, inventory: keeper.inventory }, signal)
    const objects = seen.map((each) => ({ ...each, message: hideToken(each.message, secrets.token) }))
    await keeper.applied({ objects, inventory: [...inventory] })
    requireNoneFailed(objects)
    // What the target has put back is decided on anew: the image from before is wanted then.
    const isReturned = rollout.againAt !== undefined && objects.some(({ reason }) => reason === ROLLED_BACK)
    if (isReturned || objects.some(({ condition }) => condition === 'progressing')) return SOON_MS
    return rollout.againAt === undefined ? undefined : Math.max(1, rollout.againAt - clock.now())
  } catch (error) {
    // Told at once. That this controller ends is nothing wrong with a deployment, and of what is pending its objects tell.
    if (!(error instanceof DeploymentPendingError) && !signal.aborted)
      await keeper.failed(hideToken(reasonOf(error), secrets.token))
    throw error
  }
}

function requireNoneFailed(objects: readonly ObjectStatus[]): void {
  const failed = objects.filter(({ condition }) => condition === 'failed')
  if (failed.length === 0) return
  throw new DeploymentPendingError(failed.map(({ component, reason }) => `${component}: ${reason}`).join(', '))
}
