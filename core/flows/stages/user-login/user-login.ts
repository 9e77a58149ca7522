import { and, eq, ne } from 'drizzle-orm'
import { activeStatus } from '#core/domain/access/active.ts'
import { endSession } from '#core/sessions/end-access.ts'
import type { Database } from '#core/store/database.ts'
import { userLoginStages } from '#core/store/tables/flows.ts'
import { sessions, users } from '#core/store/tables/users.ts'
import type { UserRecord } from '#core/store/users.ts'
import { userLoginResponse } from '#schema/challenge/user-login.ts'
import { parseDuration } from '#schema/kernel/duration.ts'
import { avatarOf } from '../../avatar.ts'
import { parseAnswer } from '../../parse-answer.ts'
import { PASSED, type StageExecutor, type StageRun } from '../../stage.ts'

type Settings = typeof userLoginStages.$inferSelect

async function load(db: Database, stageUuid: string): Promise<Settings> {
  const [settings] = await db.select().from(userLoginStages).where(eq(userLoginStages.stageUuid, stageUuid))
  if (settings === undefined) throw new TypeError(`login stage ${stageUuid} has no settings`)
  return settings
}

/** Signs in whoever an earlier stage has authenticated, under a new session id. */
export const userLogin: StageExecutor = {
  async challenge({ ctx, stageUuid, context }) {
    const settings = await load(ctx.db, stageUuid)
    if (parseDuration(settings.rememberMeOffset) <= 0) return undefined
    const identifier = context.identifier ?? ''
    return { component: 'ak-stage-user-login', pending_user: identifier, pending_user_avatar: avatarOf(identifier) }
  },

  async respond(run, answer) {
    const settings = await load(run.ctx.db, run.stageUuid)
    const offsetMs = parseDuration(settings.rememberMeOffset)
    let lifetimeMs = parseDuration(settings.sessionDuration)
    if (offsetMs > 0) {
      const parsed = parseAnswer(userLoginResponse, answer)
      if ('refusal' in parsed) return parsed.refusal
      if (parsed.value.remember_me) lifetimeMs += offsetMs
    }
    const { terminateOtherSessions: alone } = settings
    const isSignedIn = await run.ctx.db.transaction((tx) => signIn(run, tx, { lifetimeMs, alone }))
    return isSignedIn ? PASSED : { kind: 'denied', message: 'Nobody is authenticated.' }
  },
}

interface Terms {
  readonly lifetimeMs: number
  /** Ends the user's other sessions. */
  readonly alone: boolean
}

/** False when there is no evidence for anybody, or it is about how things were. */
async function signIn(run: StageRun, tx: Database, { lifetimeMs, alone }: Terms): Promise<boolean> {
  const { ctx, session, context, clientIp } = run
  const user = await lockProvenUser(run, tx)
  if (user === undefined) return false
  await endPrevious(run, tx)
  await session.logIn({ userId: user.id, lifetimeMs }, tx)
  await tx
    .update(users)
    .set({ lastLogin: new Date(ctx.clock.now()) })
    .where(eq(users.id, user.id))
  await ctx.events.record(
    {
      action: 'login',
      app: 'authentik.core.auth',
      clientIp,
      user: { pk: user.id, username: user.username, email: user.email },
      context: { auth_method: context.authenticated?.method, flow: run.flow.slug },
    },
    tx,
  )
  if (alone) await endOthers(run, tx, user)
  return true
}

/**
 * The pending user, if the evidence is about them, they are active, and their password is the one that was checked.
 * The row is locked: a change of password or deactivation comes before, or finds the session and ends it.
 */
async function lockProvenUser({ context }: StageRun, tx: Database): Promise<UserRecord | undefined> {
  const { authenticated, pendingUser } = context
  if (authenticated === undefined || authenticated.userId !== pendingUser) return undefined
  const [user] = await tx.select().from(users).where(eq(users.id, authenticated.userId)).for('update')
  if (user === undefined || activeStatus(user).kind !== 'active') return undefined
  return user.passwordChangeDate.getTime() === authenticated.passwordChanged ? user : undefined
}

/** The session that this browser had is gone in a moment, and nobody could end what outposts accepted for it then. */
async function endPrevious({ ctx, session }: StageRun, tx: Database): Promise<void> {
  if (session.user === undefined) return
  const [before] = await tx.select().from(users).where(eq(users.id, session.user))
  if (before !== undefined) await endSession(ctx, tx, { keyHash: session.keyHash, user: before }, 'signed-in-again')
}

async function endOthers({ ctx, session }: StageRun, tx: Database, user: UserRecord): Promise<void> {
  const others = await tx
    .select({ keyHash: sessions.keyHash })
    .from(sessions)
    .where(and(eq(sessions.userId, user.id), ne(sessions.keyHash, session.keyHash)))
  for (const { keyHash } of others) await endSession(ctx, tx, { keyHash, user }, 'signed-in-elsewhere')
}
