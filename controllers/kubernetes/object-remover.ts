import { OWNER_LABEL } from '#schema/deployment/kubernetes/labels.ts'
import type { InventoryItem } from '#schema/deployment/status.ts'
import type { ClusterApi } from './api.ts'
import { ClusterRefusedError } from './cluster-refused-error.ts'
import type { ServedKind } from './discovery.ts'
import { type Outcome, TERMINATING } from './plan/outcome.ts'
import { refusedOutcome } from './plan/refusal.ts'
import type { Settled } from './settled.ts'

/** What is still there of an inventory, and why. */
export interface Left {
  readonly item: InventoryItem
  readonly outcome: Outcome
}

/** Deletes what was made, last made first, as long as it is the owner's. */
export class ObjectRemover {
  readonly #api: ClusterApi
  readonly #settled: Settled

  constructor(api: ClusterApi, settled: Settled) {
    this.#api = api
    this.#settled = settled
  }

  /** What is still there; rejects only when the cluster as a whole cannot be used. */
  async remove(items: readonly InventoryItem[], owner: string, signal: AbortSignal): Promise<readonly Left[]> {
    const left: Left[] = []
    for (const item of items.toReversed()) {
      const outcome = await this.#remove(item, owner, signal)
      if (outcome !== undefined) left.unshift({ item, outcome })
    }
    return left
  }

  async #remove(item: InventoryItem, owner: string, signal: AbortSignal): Promise<Outcome | undefined> {
    try {
      const served = await this.#api.discovery.findInAnyVersion(item.apiVersion, item.kind, signal)
      // With a kind go all its objects.
      return served === undefined ? undefined : await this.#delete(served, item, owner, signal)
    } catch (error) {
      if (error instanceof ClusterRefusedError) return refusedOutcome(error, item)
      throw error
    }
  }

  async #delete(
    served: ServedKind,
    item: InventoryItem,
    owner: string,
    signal: AbortSignal,
  ): Promise<Outcome | undefined> {
    const live = await this.#api.get(served, item, signal, { isWhole: false })
    if (live === undefined || live.metadata.labels[OWNER_LABEL] !== owner) return undefined
    // One that a Deployment has taken goes with that; of everything else the label alone says whose it is.
    if (item.kind === 'ReplicaSet' && live.metadata.ownerReferences.some(({ controller }) => controller))
      return undefined
    if (live.metadata.deletionTimestamp !== undefined) return TERMINATING
    this.#settled.forget(served.path(item.namespace, item.name))
    return (await this.#api.delete(served, live, 'Background', signal)) ? undefined : TERMINATING
  }
}
