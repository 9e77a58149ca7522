import type { LogLevel } from '#schema/kernel/logger.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'

export interface OutpostConfig {
  /** Base URL of the core, its path included. */
  readonly host: URL
  /** Base URL of the core for browsers, when it differs. */
  readonly hostBrowser: URL | undefined
  readonly token: Secret
  /** TLS certificates of the core are not verified. */
  readonly insecure: boolean
  readonly logLevel: LogLevel
  readonly listen: {
    readonly http: ListenAddress
    readonly https: ListenAddress
    readonly ldap: ListenAddress
    readonly ldaps: ListenAddress
    readonly radius: ListenAddress
    readonly metrics: ListenAddress
  }
  /** Networks whose forwarded headers are believed. */
  readonly trustedProxyCidrs: readonly string[]
}
