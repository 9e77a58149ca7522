import type { DatabaseConfig } from '#core/config/core-config.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Database } from './database.ts'
import { openEmbedded } from './open-embedded.ts'
import { openPostgresql } from './open-postgresql.ts'

/** An open database; `close` ends every connection and gives the embedded folder back. */
export interface DatabaseHandle {
  readonly db: Database
  readonly engine: 'embedded' | 'postgresql'
  /**
   * Calls back with the payload of every NOTIFY on the channel, and with `onReconnect` whenever
   * notifications may have been missed. Disposing stops both.
   */
  listen(channel: string, onMessage: (payload: string) => void, onReconnect: () => void): Promise<Disposable>
  close(): Promise<void>
}

/** Opens the configured engine and proves it usable; see `store-errors.ts` for what it refuses. */
export function openDatabase(config: DatabaseConfig, log: Logger): Promise<DatabaseHandle> {
  return config.kind === 'embedded' ? openEmbedded(config.folder, log) : openPostgresql(config, log)
}
