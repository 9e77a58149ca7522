import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Database } from './database.ts'
import type { DatabaseHandle } from './open-database.ts'
import { type PostgresqlConfig, probeServer } from './postgresql-client.ts'
import { PostgresqlListener } from './postgresql-listener.ts'
import { DatabaseTooOldError, DatabaseUnavailableError } from './store-errors.ts'

const OLDEST_MAJOR = 12
const POOL_CONNECTIONS = 20
const IDLE_TIMEOUT_MS = 60_000
const MAX_LIFETIME_SECONDS = 1_800
const ACQUIRE_TIMEOUT_MS = 5_000

/** A pool that survives the death of connections in use: each is given back, and none ends the process. */
class SafePool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>
  override connect(callback: Parameters<pg.Pool['connect']>[0]): void
  override connect(callback?: Parameters<pg.Pool['connect']>[0]): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return super.connect().then(guarded)
    super.connect(callback)
    return undefined
  }
}

/**
 * The client with a `release` that may be called twice, and that its own end calls: a transaction that fails to begin
 * is never released by the query builder. Without a listener its `error` event would be thrown at the process; the
 * pending query reports it.
 */
function guarded(client: pg.PoolClient): pg.PoolClient {
  const { release } = client
  const ignore = () => {}
  const once = (error?: Error | boolean) => {
    client.release = ignore
    client.off('end', ended).off('error', ignore)
    release(error)
  }
  const ended = () => once(true)
  client.on('end', ended).on('error', ignore)
  client.release = once
  return client
}

/** Refuses a server by its version number (150004 is 15.4). */
export function requireSupported(version: number): void {
  const major = Math.floor(version / 10_000)
  if (major < OLDEST_MAJOR)
    throw new DatabaseTooOldError(`PostgreSQL ${OLDEST_MAJOR} or newer is needed, this server is ${major}`)
}

/** Opens a bounded pool, and one connection more for LISTEN once somebody listens. */
export async function openPostgresql(config: PostgresqlConfig, log: Logger): Promise<DatabaseHandle> {
  const { Client, version } = await probeServer(config).catch((cause) => {
    if (cause instanceof MartelloError) throw cause
    throw new DatabaseUnavailableError('PostgreSQL cannot be reached or refuses the credentials', {
      cause,
      retryable: true,
    })
  })
  requireSupported(version)
  const pool = new SafePool({
    Client,
    max: POOL_CONNECTIONS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    maxLifetimeSeconds: MAX_LIFETIME_SECONDS,
    connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
  })
  pool.on('error', (cause) => log.warning('idle database connection lost', { cause: cause.message }))
  const listener = new PostgresqlListener(Client, log)
  return {
    db: drizzle(pool) as unknown as Database,
    engine: 'postgresql',
    listen: (channel, onMessage, onReconnect) => listener.listen(channel, onMessage, onReconnect),
    async close() {
      await listener.close()
      await pool.end()
    },
  }
}
