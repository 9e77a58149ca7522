import type { FleetConnection, FleetState } from '#controllers/fleet/fleet-state.ts'
import { dropRecord, writeRecord } from '#controllers/fleet/fleet-writer.ts'
import { DeploymentPendingError, ServiceConnectionError } from '#controllers/target/target-error.ts'
import type { DeploymentRecord, InventoryItem } from '#schema/deployment/status.ts'
import { reasonOf } from './reason-of.ts'
import type { RecordKeeperOptions } from './record-keeper.ts'
import type { Targets } from './targets.ts'

export interface TearDownSurroundings extends RecordKeeperOptions {
  readonly targets: Targets
}

/**
 * Removes what a record tells of, then the record; false if that is another controller's to do. Rejects while something
 * is still there, which the record then says, with the reason.
 */
export async function tearDown(
  record: DeploymentRecord,
  { connections }: Pick<FleetState, 'connections'>,
  surroundings: TearDownSurroundings,
  signal: AbortSignal,
): Promise<boolean> {
  const { core, claims, recorded } = surroundings
  const connection = connections.get(record.connection)
  if (connection !== undefined && !claims.holds(connection.pk)) return false
  if (record.inventory.length > 0) {
    if (connection === undefined) throw new ServiceConnectionError('the service connection of a deployment is gone')
    await removeAll(record, connection, surroundings, signal)
  }
  await dropRecord(core, record.outpost)
  recorded(record.outpost, undefined)
  return true
}

async function removeAll(
  record: DeploymentRecord,
  connection: FleetConnection,
  { core, clock, claims, targets, recorded }: TearDownSurroundings,
  signal: AbortSignal,
): Promise<void> {
  let inventory: readonly InventoryItem[] = record.inventory
  try {
    const target = await targets.of(connection)
    inventory = await target.remove(record.outpost, inventory, signal)
    if (inventory.length > 0) throw new DeploymentPendingError(`${inventory.length} objects are still there`)
  } catch (error) {
    const why = `what is not wanted any more is not removed: ${reasonOf(error)}`
    if (!signal.aborted && (record.error !== why || record.inventory.length !== inventory.length)) {
      const reconciled = new Date(clock.now()).toISOString()
      const left = { ...record, inventory: [...inventory], objects: [], error: why, reconciled }
      await writeRecord(core, left, claims.controller)
      recorded(record.outpost, left)
    }
    throw error
  }
}
