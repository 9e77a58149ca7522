import type { Database } from '#core/store/database.ts'

export interface Change {
  /** `<app>.<model>`, such as `authentik_core.user`. */
  readonly model: string
  readonly pk: string
  readonly action: 'created' | 'updated' | 'deleted'
}

export interface RecordedChange extends Change {
  readonly revision: number
}

export interface NewRevocation {
  readonly kind: 'user' | 'session'
  readonly user: { readonly id: number; readonly uid: string; readonly username: string }
  /** SHA-256 hex of the core session key, for kind `session`. */
  readonly sessionHash?: string
  /** The same of the sessions that ended with all else, newest first, for kind `user`: 1000 at most are kept. */
  readonly endedSessions?: readonly string[]
  /** `deactivated`, `deleted`, `password-changed`, `access-changed`, `logout`, `expired`, … */
  readonly reason: string
}

export interface RecordedRevocation extends NewRevocation {
  readonly sequence: number
  /** Milliseconds since the epoch: what was issued at or before this instant is void. */
  readonly at: number
}

export interface ChangeFeed {
  /** Writes the changes in the caller's transaction and NOTIFYs (delivered by PostgreSQL at commit). Returns the last revision. */
  record(db: Database, changes: readonly Change[]): Promise<number>
  /** Ends standing access, in the caller's transaction. Returns the last sequence number. */
  revoke(db: Database, revocations: readonly NewRevocation[]): Promise<number>
  /** The newest committed revision. */
  revision(): Promise<number>
  changesSince(revision: number, limit: number): Promise<readonly RecordedChange[]>
  revocationsSince(sequence: number, limit: number): Promise<readonly RecordedRevocation[]>
  /** Calls back on every replica, in order, after each commit, also for what was missed during a lost LISTEN connection. */
  subscribe(listener: FeedListener): Disposable
}

export interface FeedListener {
  changed?(changes: readonly RecordedChange[]): void
  revoked?(revocations: readonly RecordedRevocation[]): void
}
