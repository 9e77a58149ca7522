import { and, asc, eq, gt, lt, max, sql } from 'drizzle-orm'
import type { Clock } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type {
  Change,
  ChangeFeed,
  FeedListener,
  NewRevocation,
  RecordedChange,
  RecordedRevocation,
} from './change-feed.ts'
import type { Database } from './database.ts'
import type { DatabaseHandle } from './open-database.ts'
import { changes, revocations } from './tables/outposts.ts'

const CHANNEL = 'martello_feed'
/** Held from the first number taken to the commit, so that numbers are committed in their order and none is skipped. */
const LOCK = 0x66656564
const BATCH = 500
/** Longer than any session that an outpost may still accept. */
const REVOCATION_KEPT_MS = 30 * 86_400_000
const CHANGES_KEPT = 20_000
const MAX_ENDED_SESSIONS = 1_000
/** Replicas read what is new at once: only of so young a revocation may one not know yet. */
const READ_WITHIN_MS = 60_000

/** The feed of this process: reads from where the tables end now, and tells subscribers of everything after that. */
export async function openChangeFeed(handle: DatabaseHandle, clock: Clock, log: Logger): Promise<OpenChangeFeed> {
  const feed = new OpenChangeFeed(handle.db, clock, log)
  await feed.start(handle)
  return feed
}

export class OpenChangeFeed implements ChangeFeed, AsyncDisposable {
  readonly #db: Database
  readonly #clock: Clock
  readonly #log: Logger
  readonly #listeners = new Set<FeedListener>()
  #seen = { revision: 0, sequence: 0 }
  #pumping: Promise<void> | undefined
  #again = false
  #stop: Disposable | undefined

  constructor(db: Database, clock: Clock, log: Logger) {
    this.#db = db
    this.#clock = clock
    this.#log = log
  }

  async start(handle: DatabaseHandle): Promise<void> {
    this.#seen = { revision: await this.revision(), sequence: await this.#newestSequence() }
    const wake = () => void this.#pump()
    this.#stop = await handle.listen(CHANNEL, wake, wake)
    await this.#pump()
  }

  async record(db: Database, all: readonly Change[]): Promise<number> {
    await announce(db)
    if (all.length === 0) return this.#newest(db)
    const rows = await db
      .insert(changes)
      .values(all.map(({ model, pk, action }) => ({ model, pk, action, created: new Date(this.#clock.now()) })))
      .returning({ revision: changes.revision })
    return Math.max(...rows.map((row) => row.revision))
  }

  async revoke(db: Database, all: readonly NewRevocation[]): Promise<number> {
    await announce(db)
    const now = this.#clock.now()
    let sequence = 0
    for (const { kind, user, sessionHash = null, endedSessions = [], reason } of all) {
      // A later end of everything a user has covers the earlier ones, so the table is bounded by the number of users.
      const untold = kind === 'user' ? await this.#replaceEarlier(db, user.id) : []
      const [row] = await db
        .insert(revocations)
        .values({
          kind,
          userId: user.id,
          userUid: user.uid,
          username: user.username,
          sessionHash,
          endedSessions: [...endedSessions, ...untold].slice(0, MAX_ENDED_SESSIONS),
          reason,
          created: new Date(now),
          expires: new Date(now + REVOCATION_KEPT_MS),
        })
        .returning({ sequence: revocations.sequence })
      sequence = row!.sequence
    }
    return sequence
  }

  /** Drops the user's revocations; the sessions of those that a replica may not have read yet. */
  async #replaceEarlier(db: Database, userId: number): Promise<readonly string[]> {
    const earlier = await db.delete(revocations).where(eq(revocations.userId, userId)).returning()
    return earlier
      .filter(({ created }) => created.getTime() > this.#clock.now() - READ_WITHIN_MS)
      .flatMap(({ sessionHash, endedSessions }) => (sessionHash === null ? endedSessions : [sessionHash]))
  }

  revision(): Promise<number> {
    return this.#newest(this.#db)
  }

  async changesSince(revision: number, limit: number): Promise<readonly RecordedChange[]> {
    const rows = await this.#db
      .select()
      .from(changes)
      .where(gt(changes.revision, revision))
      .orderBy(asc(changes.revision))
      .limit(limit)
    return rows.map(({ created: _, action, ...row }) => ({ ...row, action: action as Change['action'] }))
  }

  async revocationsSince(sequence: number, limit: number): Promise<readonly RecordedRevocation[]> {
    const current = gt(revocations.expires, new Date(this.#clock.now()))
    const rows = await this.#db
      .select()
      .from(revocations)
      .where(and(gt(revocations.sequence, sequence), current))
      .orderBy(asc(revocations.sequence))
      .limit(limit)
    return rows.map((row) => ({
      sequence: row.sequence,
      kind: row.kind as RecordedRevocation['kind'],
      user: { id: row.userId, uid: row.userUid, username: row.username },
      ...(row.sessionHash === null ? {} : { sessionHash: row.sessionHash }),
      ...(row.endedSessions.length === 0 ? {} : { endedSessions: row.endedSessions }),
      reason: row.reason,
      at: row.created.getTime(),
    }))
  }

  subscribe(listener: FeedListener): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Drops what no outpost can ask for any more; the newest change always stays, it is the revision. */
  async trim(): Promise<void> {
    const newest = await this.revision()
    await this.#db.delete(changes).where(lt(changes.revision, newest - CHANGES_KEPT))
    await this.#db.delete(revocations).where(lt(revocations.expires, new Date(this.#clock.now())))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop?.[Symbol.dispose]()
    this.#listeners.clear()
    await this.#pumping
  }

  /** Reads what is new and tells it, one run at a time; a wake-up meanwhile makes one run more. */
  #pump(): Promise<void> {
    if (this.#pumping !== undefined) {
      this.#again = true
      return this.#pumping
    }
    this.#pumping = this.#drain()
      .catch((cause) => this.#log.warning('the change feed could not be read', { cause }))
      .finally(() => {
        this.#pumping = undefined
        if (this.#again) {
          this.#again = false
          void this.#pump()
        }
      })
    return this.#pumping
  }

  async #drain(): Promise<void> {
    for (;;) {
      const ended = await this.revocationsSince(this.#seen.sequence, BATCH)
      const changed = await this.changesSince(this.#seen.revision, BATCH)
      if (ended.length === 0 && changed.length === 0) return
      this.#seen.sequence = ended.at(-1)?.sequence ?? this.#seen.sequence
      this.#seen.revision = changed.at(-1)?.revision ?? this.#seen.revision
      for (const listener of this.#listeners) {
        if (ended.length > 0) listener.revoked?.(ended)
        if (changed.length > 0) listener.changed?.(changed)
      }
    }
  }

  async #newest(db: Database): Promise<number> {
    const [row] = await db.select({ revision: max(changes.revision) }).from(changes)
    return row?.revision ?? 0
  }

  async #newestSequence(): Promise<number> {
    const [row] = await this.#db.select({ sequence: max(revocations.sequence) }).from(revocations)
    return row?.sequence ?? 0
  }
}

async function announce(db: Database): Promise<void> {
  await db.execute(sql`select pg_advisory_xact_lock(${LOCK}), pg_notify(${CHANNEL}, '')`)
}
