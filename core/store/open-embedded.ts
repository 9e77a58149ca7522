import { AsyncLocalStorage } from 'node:async_hooks'
import { join } from 'node:path'
import { PGlite, type QueryOptions, type Results, type Transaction, types } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { folderProblem } from '#core/config/folder-problem.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Database } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import { guardFreeSpace, requireRoom } from './free-space.ts'
import type { DatabaseHandle } from './open-database.ts'
import { DatabaseUnavailableError } from './store-errors.ts'

/**
 * How the query builder has dates: it maps their text itself. It says so with each query, and to join its parsers to the
 * hundreds of the client takes as long as a small query; said once, they need not come with the queries.
 */
const AS_TEXT = Object.fromEntries(
  [types.TIMESTAMP, types.TIMESTAMPTZ, types.INTERVAL, types.DATE].map((type) => [type, (text: string) => text]),
)
const withoutParsers = ({ parsers: _, ...options }: QueryOptions = {}): QueryOptions => options

/**
 * PGlite has one connection: a query beside an open transaction waits for its end. Made from inside that
 * transaction the wait would never end, so it is refused as the programming error it is.
 */
class EmbeddedClient extends PGlite {
  constructor(folder: string) {
    super(folder, { parsers: AS_TEXT })
  }

  readonly #open = new AsyncLocalStorage<{ ended: boolean }>()

  override transaction<T>(callback: (tx: Transaction) => Promise<T>): Promise<T> {
    this.#refuseInside()
    const scope = { ended: false }
    const end = () => {
      scope.ended = true
    }
    return this.#open.run(scope, () => super.transaction((tx) => callback(leaner(tx)))).finally(end)
  }

  override query<T>(text: string, parameters?: unknown[], options?: QueryOptions): Promise<Results<T>> {
    this.#refuseInside()
    return super.query<T>(text, parameters, withoutParsers(options))
  }

  #refuseInside(): void {
    if (this.#open.getStore()?.ended === false) throw new TypeError('inside a transaction, query the transaction')
  }
}

function leaner(tx: Transaction): Transaction {
  const query: Transaction['query'] = (text, parameters, options) => tx.query(text, parameters, withoutParsers(options))
  return Object.assign(Object.create(tx), { query })
}

/** Opens PGlite in `<folder>/postgresql`, for this process alone. */
export async function openEmbedded(folder: string, log: Logger): Promise<DatabaseHandle> {
  requireRoom(folder)
  const lock = lockFolder(folder)
  const client = new EmbeddedClient(join(folder, 'postgresql'))
  try {
    await client.waitReady
  } catch (cause) {
    lock[Symbol.dispose]()
    throw new DatabaseUnavailableError(
      `the embedded database cannot be opened: ${folderProblem(join(folder, 'postgresql'), cause)}`,
      { cause },
    )
  }
  const guard = guardFreeSpace({
    folder,
    log,
    async allowWrites(allowed) {
      await client.exec(`SET SESSION CHARACTERISTICS AS TRANSACTION ${allowed ? 'READ WRITE' : 'READ ONLY'}`)
    },
  })
  return {
    db: drizzle(client) as unknown as Database,
    engine: 'embedded',
    async listen(channel, onMessage) {
      // Notifications are delivered while a transaction ends; what they cause is not part of it.
      const outside = AsyncLocalStorage.snapshot()
      const stop = await client.listen(channel, (payload) => outside(onMessage, payload))
      return { [Symbol.dispose]: () => void stop().catch(() => {}) }
    },
    async close() {
      if (client.closed) return
      await guard[Symbol.asyncDispose]()
      await client.close()
      lock[Symbol.dispose]()
    },
  }
}
