import { and, eq, ne } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { revokeGrantsOf } from '#core/oidc/revoke.ts'
import type { Database } from '#core/store/database.ts'
import { sessions } from '#core/store/tables/users.ts'
import { type UserRecord, userUid } from '#core/store/users.ts'

/** Why access ends, for outposts and auditors. */
export interface EndAccess {
  readonly reason: string
  /** Key hash of a session that stays: of the person who changes their own password. */
  readonly exceptSession?: string
}

/**
 * Ends all standing access of a user, in the caller's transaction: sessions, what applications were granted, and what
 * outposts accepted. Returns the sequence number to ask for who has applied it.
 */
export async function endAccessOf(
  ctx: CoreContext,
  db: Database,
  user: UserRecord,
  { reason, exceptSession }: EndAccess,
): Promise<number> {
  const own = eq(sessions.userId, user.id)
  const ended = await db
    .delete(sessions)
    .where(exceptSession === undefined ? own : and(own, ne(sessions.keyHash, exceptSession)))
    .returning({ keyHash: sessions.keyHash, lastUsed: sessions.lastUsed })
  const newestFirst = ended.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime())
  await revokeGrantsOf(db, String(user.id))
  const uid = userUid(ctx.installId, user.id)
  const endedSessions = newestFirst.map(({ keyHash }) => keyHash)
  return ctx.feed.revoke(db, [
    { kind: 'user', user: { id: user.id, uid, username: user.username }, endedSessions, reason },
  ])
}

/** Ends one session and what outposts accepted because of it, in the caller's transaction. */
export async function endSession(
  ctx: CoreContext,
  db: Database,
  session: { readonly keyHash: string; readonly user: UserRecord },
  reason: string,
): Promise<number> {
  await db.delete(sessions).where(eq(sessions.keyHash, session.keyHash))
  const { id, username } = session.user
  return ctx.feed.revoke(db, [
    { kind: 'session', user: { id, uid: userUid(ctx.installId, id), username }, sessionHash: session.keyHash, reason },
  ])
}
