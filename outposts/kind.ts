import type { Registry } from 'prom-client'
import type { OutpostConfig } from '#outposts/config/outpost-config.ts'
import type { FlowClient } from '#outposts/flow/flow-client.ts'
import type { CertificateStore } from '#outposts/tls/certificate-store.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Revocation, WireChange } from '#schema/wire/messages.ts'

/** The outpost object of the core, as far as a protocol server needs it. */
export interface OutpostObject {
  readonly pk: string
  readonly name: string
  readonly config: JsonObject
}

/** What the base gives to each protocol server. */
export interface OutpostHost {
  readonly config: OutpostConfig
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Registry
  /** REST calls as the outpost's service account. */
  readonly core: CoreClient
  /** Logs end users in through the flow executor. */
  readonly flows: FlowClient
  /** TLS material of key pairs, kept fresh. */
  readonly certificates: CertificateStore
  /** Whether people who are not in yet may be let in: not once the core has refused this outpost for a while. */
  readonly mayAdmit: () => boolean
  /** UUID of this process. */
  readonly instanceId: string
}

/** One protocol. The base calls `configure` before `listen`, then again at each change, never twice at the same time. */
export interface ProtocolServer {
  /**
   * Fetches what this protocol needs and swaps to it atomically; work in flight finishes on the old configuration.
   * `changes` are what the core announced since the last call, undefined means anything may have changed.
   * One unusable provider is logged and left out, the others are served. Rejects only if the core cannot be read;
   * the old configuration stays then.
   */
  configure(outpost: OutpostObject, changes: readonly WireChange[] | undefined): Promise<void>
  /** Opens the sockets; rejects with a ListenError that names the address and the setting. */
  listen(): Promise<void>
  /** Ends standing access before it returns. */
  revoke(revocations: readonly Revocation[]): void
  /** Stops accepting, lets work in flight finish until the signal aborts, closes. */
  close(signal: AbortSignal): Promise<void>
}

/** Each kind's folder exports one of these from its `kind.ts`. */
export interface OutpostKind {
  readonly type: 'proxy' | 'ldap' | 'radius'
  create(host: OutpostHost): ProtocolServer
}
