import type { DeployableOutpost, DeploymentContext, DeploymentSecrets } from '#schema/deployment/outpost.ts'
import type { ConnectionState, InventoryItem, ObjectStatus } from '#schema/deployment/status.ts'

/** One outpost to deploy. */
export interface Deployment {
  readonly outpost: DeployableOutpost
  readonly context: DeploymentContext
  /** The image to run: what the outpost asks for, or still the one before while a rollout waits. */
  readonly image: string
  readonly secrets: DeploymentSecrets
  /** What was made for this outpost before, on this target. */
  readonly inventory: readonly InventoryItem[]
  /** Its statuses from before: what has not changed keeps its `since`. */
  readonly before: readonly ObjectStatus[]
}

/** One thing that would be done. */
export interface PlannedStep {
  readonly action: 'create' | 'apply' | 'replace' | 'delete' | 'nothing' | 'skip'
  readonly component: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  /** Which fields would change, as JSON pointers, or why nothing is done; never a secret's value. */
  readonly detail: readonly string[]
  /** A digest of what is wanted, for the hash of the plan; not shown. */
  readonly wanted?: string
}

export interface Applied {
  readonly objects: readonly ObjectStatus[]
  readonly inventory: readonly InventoryItem[]
}

/**
 * Where outposts are deployed: a cluster, a Docker daemon, this machine. Everything is level-triggered: each call reads
 * what is there and does what differs; a failing object never stops the others, and is a status, not an error. Calls
 * reject only when the target as a whole cannot be reached or used.
 */
export interface Target extends AsyncDisposable {
  probe(signal: AbortSignal): Promise<ConnectionState>
  /** What `apply` would make: kept before it is made, so that nothing is orphaned whatever happens in between. */
  items(deployment: Deployment, signal: AbortSignal): Promise<readonly InventoryItem[]>
  plan(deployment: Deployment, signal: AbortSignal): Promise<readonly PlannedStep[]>
  /** Brings the objects to where they should be, then removes what is in the inventory and not wanted any more. */
  apply(deployment: Deployment, signal: AbortSignal): Promise<Applied>
  /** Removes these objects, if they carry the owner label of this outpost; returns those that are still there. */
  remove(outpost: string, inventory: readonly InventoryItem[], signal: AbortSignal): Promise<readonly InventoryItem[]>
  /** Calls back with the outpost's id whenever one of its live objects changes: a hint, never the only trigger. */
  watch(changed: (outpost: string) => void): Disposable
}
