import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** What only one of all replicas may do at a time: one number each, the same in every process and version. */
const LOCKS = {
  /** "mart" */
  migration: 0x6d617274,
  /** "boot" */
  bootstrap: 0x626f6f74,
  /** "blue" */
  blueprint: 0x626c7565,
} as const

/** A transaction that no other one for the same purpose runs beside, on any replica; the lock ends with it. */
export function inTurn<T>(db: Database, purpose: keyof typeof LOCKS, work: (tx: Database) => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS[purpose]})`)
    return work(tx)
  })
}
