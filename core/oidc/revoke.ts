import { eq } from 'drizzle-orm'
import type { Database } from '#core/store/database.ts'
import { oidcArtifacts } from '#core/store/tables/system.ts'

/** Ends every code, token and grant of one user, by id as text, in the caller's transaction. */
export async function revokeGrantsOf(db: Database, accountId: string): Promise<void> {
  await db.delete(oidcArtifacts).where(eq(oidcArtifacts.accountId, accountId))
}
