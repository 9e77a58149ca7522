import type { FleetConnection, FleetOutpost, FleetState } from '#controllers/fleet/fleet-state.ts'
import { dropRecord, writeRecord } from '#controllers/fleet/fleet-writer.ts'
import type { TokenKeeper } from '#controllers/fleet/token-keeper.ts'
import type { Target } from '#controllers/target/target.ts'
import { DeploymentPendingError, ServiceConnectionError } from '#controllers/target/target-error.ts'
import { canaryFor } from '#controllers/waves/canary.ts'
import { decideImage, ROLLOUT_LIMITS } from '#controllers/waves/rollout.ts'
import { imageOf, isPinned } from '#schema/deployment/image.ts'
import { type DeploymentRecord, type ObjectStatus, ROLLED_BACK } from '#schema/deployment/status.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import { RecordKeeper, type RecordKeeperOptions } from './record-keeper.ts'
import type { Targets } from './targets.ts'

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
  if (state.unreadable.has(outpostPk)) return undefined
  const outpost = state.outposts.get(outpostPk)
  const connection = state.connections.get(outpost?.connection ?? '')
  const known = state.records.get(outpostPk)
  const isElsewhere = known !== undefined && known.connection !== connection?.pk
  if (isElsewhere && !(await tearDown(known, state, surroundings, signal))) return undefined
  if (outpost === undefined || connection === undefined || !surroundings.targets.serves(connection)) return undefined
  return deploy({ outpost, connection, record: isElsewhere ? undefined : known, state }, surroundings, signal)
}

/** Removes what a record tells of; false if that is another controller's to do. */
async function tearDown(
  record: DeploymentRecord,
  { connections }: FleetState,
  { core, targets, recorded }: ReconcileSurroundings,
  signal: AbortSignal,
): Promise<boolean> {
  const connection = connections.get(record.connection)
  if (connection !== undefined && !targets.serves(connection)) return false
  if (record.inventory.length > 0) {
    if (connection === undefined) throw new ServiceConnectionError('the service connection of a deployment is gone')
    const target = await targets.of(connection)
    const inventory = await target.remove(record.outpost, record.inventory, signal)
    if (inventory.length > 0) {
      await writeRecord(core, { ...record, inventory: [...inventory] })
      throw new DeploymentPendingError(`${inventory.length} objects are still there`)
    }
  }
  await dropRecord(core, record.outpost)
  recorded(record.outpost, undefined)
  return true
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
  try {
    const target: Target = await targets.of(connection)
    const token = await tokens.tokenOf(outpost)
    const secrets = { token: token.reveal() }
    const before = record?.objects ?? []
    const { image } = rollout
    const deployment = { outpost, image, context: state.context, secrets, inventory: keeper.inventory, before }
    await keeper.intend(target.items(deployment))
    const { objects, inventory } = await target.apply({ ...deployment, inventory: keeper.inventory }, signal)
    await keeper.keep({ objects: [...objects], inventory: [...inventory] })
    requireNoneFailed(objects)
    // What the target has put back is decided on anew: the image from before is wanted then.
    const isReturned = rollout.againAt !== undefined && objects.some(({ reason }) => reason === ROLLED_BACK)
    if (isReturned || objects.some(({ condition }) => condition === 'progressing')) return SOON_MS
    return rollout.againAt === undefined ? undefined : Math.max(1, rollout.againAt - clock.now())
  } catch (error) {
    // Told at once: an older success is not shown any more. That this controller ends is nothing wrong with a deployment.
    if (error instanceof MartelloError && !(error instanceof DeploymentPendingError) && !signal.aborted)
      await keeper.keep({ error: error.detail })
    throw error
  }
}

function requireNoneFailed(objects: readonly ObjectStatus[]): void {
  const failed = objects.filter(({ condition }) => condition === 'failed')
  if (failed.length === 0) return
  throw new DeploymentPendingError(failed.map(({ component, reason }) => `${component}: ${reason}`).join(', '))
}
