import type { LogLevel } from '#schema/kernel/logger.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import type { ListenAddress, Live } from '#schema/kernel/settings.ts'
import type { SampleSettings } from './sample-addresses.ts'

/** How a connection to PostgreSQL is secured, by the names that libpq has for it. */
export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

/** Where data is kept. What PostgreSQL is reached with is read anew for each connection. */
export type DatabaseConfig =
  | { readonly kind: 'embedded'; readonly folder: string }
  | {
      readonly kind: 'postgresql'
      readonly host: Live<string>
      readonly port: Live<number>
      readonly name: Live<string>
      readonly user: Live<string>
      readonly password: Live<Secret>
      readonly sslMode: Live<SslMode>
    }

/** Every setting of a core, read once at the start. */
export interface CoreConfig {
  readonly dataDir: string
  readonly secretKey: Secret
  readonly database: DatabaseConfig
  readonly listen: { readonly http: ListenAddress; readonly https: ListenAddress; readonly metrics: ListenAddress }
  readonly logLevel: LogLevel
  readonly cookieDomain: string | undefined
  /** Networks whose forwarded headers are believed. */
  readonly trustedProxyCidrs: readonly string[]
  /** First administrator; undefined values are generated at the first start. */
  readonly bootstrap: {
    readonly password: Secret | undefined
    readonly token: Secret | undefined
    readonly email: string | undefined
  }
  readonly sample: {
    readonly enabled: boolean
    readonly password: Secret | undefined
    readonly radiusSecret: Secret | undefined
    readonly addresses: SampleSettings
  }
  /** Key of the controller's own account, given by the process that starts both. */
  readonly controllerToken: Secret | undefined
  readonly defaultTokenLength: number
  /** What controllers are told. */
  readonly outposts: {
    /** Image of outposts that name none, with `%(type)s`, `%(version)s` and `%(build_hash)s`. */
    readonly containerImageBase: string
    /** Whether controllers make service connections of what they find around them. */
    readonly discover: boolean
  }
}
