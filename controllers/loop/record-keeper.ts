import type { FleetConnection, FleetOutpost } from '#controllers/fleet/fleet-state.ts'
import { writeRecord } from '#controllers/fleet/fleet-writer.ts'
import { imageFields, type Rollout } from '#controllers/waves/rollout.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { type DeploymentRecord, type InventoryItem, isRefused } from '#schema/deployment/status.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import type { Claims } from './claims.ts'

export interface RecordKeeperOptions {
  readonly core: CoreClient
  readonly clock: Clock
  /** Which service connections are this controller's to serve now, and who it is. */
  readonly claims: Pick<Claims, 'holds' | 'controller'>
  /** The record as it is now known: other outposts' decisions may depend on it. */
  readonly recorded: (outpost: string, record: DeploymentRecord | undefined) => void
}

export interface RecordOf {
  readonly outpost: FleetOutpost
  readonly connection: FleetConnection
  readonly rollout: Rollout
  /** The image that the outpost should come to run. */
  readonly wanted: string
}

/** Keeps one deployment's record in the core while it is reconciled; what would tell nothing new is not written. */
export class RecordKeeper {
  readonly #options: RecordKeeperOptions
  readonly #of: RecordOf
  #record: DeploymentRecord | undefined

  constructor(options: RecordKeeperOptions, of: RecordOf, record: DeploymentRecord | undefined) {
    this.#options = options
    this.#of = of
    this.#record = record
  }

  get inventory(): readonly InventoryItem[] {
    return this.#record?.inventory ?? []
  }

  /** Also what is about to be made, so that it is known whatever happens next. */
  async intend(items: readonly InventoryItem[]): Promise<void> {
    const known = new Set(this.inventory.map(keyOf))
    const added = items.filter((each) => !known.has(keyOf(each)))
    if (added.length > 0) await this.#keep({ inventory: [...this.inventory, ...added] })
  }

  /**
   * What was seen after everything was applied: only then does the image that was decided on run, unless the target has
   * taken nothing of what runs it.
   */
  async applied(seen: Pick<DeploymentRecord, 'inventory' | 'objects'>): Promise<void> {
    const { rollout, wanted } = this.#of
    const images = isRefused(seen)
      ? { rollout: rollout.reason }
      : imageFields(this.#record, rollout, { wanted, now: this.#now() })
    await this.#keep({ ...seen, ...images, error: '' })
  }

  /** What kept it from being reconciled. Of what was ready nobody knows now: an older success is not shown any more. */
  async failed(error: string): Promise<void> {
    const objects = (this.#record?.objects ?? []).map((each) =>
      each.condition === 'ready'
        ? { ...each, condition: 'progressing' as const, ...UNKNOWN, since: this.#now() }
        : each,
    )
    await this.#keep({ objects, error })
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString()
  }

  async #keep(change: Partial<DeploymentRecord>): Promise<void> {
    const { core, claims, recorded } = this.#options
    const { outpost, connection } = this.#of
    const next: DeploymentRecord = {
      ...NOTHING,
      ...this.#record,
      ...change,
      outpost: outpost.pk,
      outpost_name: outpost.name,
      connection: connection.pk,
      reconciled: this.#now(),
    }
    const isNew = contentOf(this.#record) !== contentOf(next)
    this.#record = next
    if (!isNew) return
    await writeRecord(core, next, claims.controller)
    recorded(outpost.pk, next)
  }
}

const NOTHING = {
  inventory: [],
  objects: [],
  image: '',
  previous_image: '',
  rejected_image: '',
  rejected_why: '',
  rollout: '',
  error: '',
}
const UNKNOWN = { reason: 'Unknown', message: 'it cannot be seen now' }

const keyOf = ({ apiVersion, kind, namespace = '', name }: InventoryItem) =>
  [apiVersion, kind, namespace, name].join(' ')

/** All that a record says, apart from when it was said. */
function contentOf(record: DeploymentRecord | undefined): string {
  return JSON.stringify(Object.entries({ ...record, reconciled: '' }).sort(([a], [b]) => (a < b ? -1 : 1)))
}
