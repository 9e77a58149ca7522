import type { Logger } from '#schema/kernel/logger.ts'

export interface FlowLogin {
  readonly flowSlug: string
  /** Asked with the session that the flow produced; access is denied without a positive answer. */
  readonly applicationSlug: string
  readonly username: string
  readonly password: string
  /** Code for an authenticator stage, when the protocol carries one. */
  readonly code?: string | undefined
  /** Address of the end user, told to the core. */
  readonly remoteIp: string
  /** `goauthentik.io/outpost/ldap` or `goauthentik.io/outpost/radius`. */
  readonly protocol: 'ldap' | 'radius'
  readonly signal: AbortSignal
  readonly log?: Logger
}

export interface FlowUser {
  readonly pk: number
  readonly username: string
  readonly uid: string
  /** Recursive membership. */
  readonly groups: ReadonlyArray<{ readonly pk: string; readonly name: string }>
}

/** `unavailable` is never evidence about the user: the core did not answer, or not with the API. */
export type FlowOutcome =
  | {
      readonly kind: 'allowed'
      readonly user: FlowUser
      /** ms since the epoch, when the core says so. */
      readonly sessionExpires: number | undefined
      /** SHA-256 hex of the core's session key, as in revocations. */
      readonly session: string | undefined
    }
  | { readonly kind: 'denied'; readonly reason: 'invalid_credentials' | 'access_denied' | 'flow_error' }
  | { readonly kind: 'unavailable'; readonly reason: string }

export interface FlowClient {
  /** Runs the flow, then `check_access`, then reads the user; every doubt is a denial or `unavailable`. */
  login(login: FlowLogin): Promise<FlowOutcome>
}
