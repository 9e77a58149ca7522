import type { DeployableOutpost, DeploymentContext } from '#schema/deployment/outpost.ts'
import type { DeploymentRecord } from '#schema/deployment/status.ts'

export interface FleetOutpost extends DeployableOutpost {
  readonly tokenIdentifier: string
  /** Changes whenever the key does; empty when the core does not tell. */
  readonly tokenRevision: string
  /** The service connection that it is deployed through; undefined when somebody deploys it by hand. */
  readonly connection: string | undefined
}

export interface FleetConnection {
  readonly pk: string
  readonly name: string
  readonly kind: 'local' | 'docker' | 'kubernetes'
  /** The daemon or cluster of the controller's own machine. */
  readonly local: boolean
  /** Changes whenever its settings do. */
  readonly fingerprint: string
}

/** Everything that a core knows about deployments, as read at one moment. */
export interface FleetState {
  readonly outposts: ReadonlyMap<string, FleetOutpost>
  readonly connections: ReadonlyMap<string, FleetConnection>
  /** What controllers keep of each deployment, also of outposts that are gone. */
  readonly records: ReadonlyMap<string, DeploymentRecord>
  /** Outposts that were deleted and of which something is left; what is merely not seen stays as it is. */
  readonly gone: ReadonlySet<string>
  /** Outposts whose deployment no controller looks after now. */
  readonly unserved: ReadonlySet<string>
  readonly context: DeploymentContext
  /** The kinds of service connections that are to be made if what they lead to is found on this machine. */
  readonly discoverable: ReadonlySet<string>
}
