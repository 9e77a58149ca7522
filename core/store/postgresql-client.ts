import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import type { DatabaseConfig, SslMode } from '#core/config/core-config.ts'

export type PostgresqlConfig = Extract<DatabaseConfig, { kind: 'postgresql' }>

/** A client of the configured server; each one made reads the settings anew. */
export type ClientClass = new (settings?: pg.ClientConfig) => pg.Client

const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 30_000
/** A server that hangs does not enforce its own limits; ours comes a little later. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000

type Transport = false | ConnectionOptions
const PLAIN = false
const ENCRYPTED: Transport = { rejectUnauthorized: false }

/**
 * The transports that each libpq `sslmode` tries, in this order (PostgreSQL 18, table 32.1); authorities beyond the
 * system's come from NODE_EXTRA_CA_CERTS.
 */
const TRANSPORTS: Readonly<Record<SslMode, readonly [Transport, ...Transport[]]>> = {
  disable: [PLAIN],
  allow: [PLAIN, ENCRYPTED],
  prefer: [ENCRYPTED, PLAIN],
  require: [ENCRYPTED],
  'verify-ca': [{ checkServerIdentity: () => undefined }],
  'verify-full': [{}],
}

/** The transport that a mode was found to work with. */
interface Found {
  readonly mode: SslMode
  readonly transport: Transport
}

/**
 * The client class of one server. Everything is read when a connection is made, so rotated credentials are used
 * without a restart, and a mode that was made stricter is not held to what the laxer one had found.
 */
function clientClass(config: PostgresqlConfig, found: Found): ClientClass {
  return class ConfiguredClient extends pg.Client {
    constructor(settings: pg.ClientConfig = {}) {
      const mode = config.sslMode.current()
      super({
        ...settings,
        host: config.host.current(),
        port: config.port.current(),
        database: config.name.current(),
        user: config.user.current(),
        password: () => config.password.current().reveal(),
        ssl: mode === found.mode ? found.transport : TRANSPORTS[mode][0],
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
 * The client class to use with this server, and the server's version number (150004 is 15.4). The first transport of
 * the mode that a connection succeeds with is kept; when none does, the last one's error is thrown.
 */
export async function probeServer(config: PostgresqlConfig): Promise<{ Client: ClientClass; version: number }> {
  const mode = config.sslMode.current()
  let failure: unknown
  for (const transport of TRANSPORTS[mode]) {
    const Client = clientClass(config, { mode, transport })
    try {
      return { Client, version: await versionOf(Client) }
    } catch (error) {
      failure = error
    }
  }
  throw failure
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
