import type { DeploymentSettings } from './settings.ts'

export type OutpostType = 'proxy' | 'ldap' | 'radius'

/** A provider that an outpost serves, as far as its deployment goes. */
export interface DeployableProvider {
  readonly name: string
  /** Of proxy providers only. */
  readonly proxy?: {
    readonly mode: 'proxy' | 'forward_single' | 'forward_domain'
    readonly externalHost: URL
    /** Beside the identity headers, what tells the application something about who is there. */
    readonly additionalHeaders: readonly string[]
  }
}

/** An outpost of the core, as far as its deployment goes. */
export interface DeployableOutpost {
  /** UUID with dashes. */
  readonly pk: string
  readonly name: string
  readonly type: OutpostType
  readonly settings: DeploymentSettings
  /** In the order of the core. */
  readonly providers: readonly DeployableProvider[]
}

/** What is the same for every outpost of a core. */
export interface DeploymentContext {
  /** Version of the core: of images and labels. */
  readonly version: string
  /** `ghcr.io/…/%(type)s:%(version)s`: the image of an outpost that names none. */
  readonly imageTemplate: string
  /** Whether the cluster knows a kind (`policy/v1`, `PodDisruptionBudget`); left out where no cluster was asked. */
  readonly serves?: ((apiVersion: string, kind: string) => boolean) | undefined
}

/** What an outpost may show only to its own process. */
export interface DeploymentSecrets {
  /** The API key of its service account. */
  readonly token: string
}
