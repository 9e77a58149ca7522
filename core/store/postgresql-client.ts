import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import type { DatabaseConfig } from '#core/config/core-config.ts'
import { ConfigError } from '#schema/kernel/errors.ts'

export type PostgresqlConfig = Extract<DatabaseConfig, { kind: 'postgresql' }>

/** A client of the configured server; each one made reads the settings anew. */
export type ClientClass = new (settings?: pg.ClientConfig) => pg.Client

const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 30_000
/** A server that hangs does not enforce its own limits; ours comes a little later. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000

/** What each libpq `sslmode` asks of the transport; authorities beyond the system's come from NODE_EXTRA_CA_CERTS. */
const TLS_BY_MODE: ReadonlyMap<string, false | ConnectionOptions> = new Map<string, false | ConnectionOptions>([
  ['disable', false],
  ['allow', false],
  ['prefer', { rejectUnauthorized: false }],
  ['require', { rejectUnauthorized: false }],
  ['verify-ca', { checkServerIdentity: () => undefined }],
  ['verify-full', {}],
])

/**
 * The client class of one server. Host, user and password are read when a connection is made,
 * so rotated credentials are used without a restart.
 */
function clientClass(config: PostgresqlConfig, tls: boolean): ClientClass {
  return class ConfiguredClient extends pg.Client {
    constructor(settings: pg.ClientConfig = {}) {
      super({
        ...settings,
        host: config.host.current(),
        port: config.port.current(),
        database: config.name.current(),
        user: config.user.current(),
        password: () => config.password.current().reveal(),
        ssl: tls && (TLS_BY_MODE.get(config.sslMode.current()) ?? {}),
        application_name: 'martello',
        keepAlive: true,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        statement_timeout: STATEMENT_TIMEOUT_MS,
        query_timeout: QUERY_TIMEOUT_MS,
        idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      })
    }
  }
}

/**
 * The client class to use with this server, and the server's version number (150004 is 15.4).
 * `prefer` means TLS if a first connection with it succeeds.
 */
export async function probeServer(config: PostgresqlConfig): Promise<{ Client: ClientClass; version: number }> {
  const mode = config.sslMode.current()
  if (!TLS_BY_MODE.has(mode))
    throw new ConfigError([`postgresql.sslmode "${mode}" is none of ${[...TLS_BY_MODE.keys()].join(', ')}`])
  const secured = clientClass(config, true)
  if (mode !== 'prefer') return { Client: secured, version: await versionOf(secured) }
  try {
    return { Client: secured, version: await versionOf(secured) }
  } catch {
    const plain = clientClass(config, false)
    return { Client: plain, version: await versionOf(plain) }
  }
}

async function versionOf(Client: ClientClass): Promise<number> {
  const client = new Client()
  // Without a listener a lost connection would end the process; the pending call reports it.
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num')
    return Number(rows[0]!.server_version_num)
  } finally {
    await client.end().catch(() => {})
  }
}
