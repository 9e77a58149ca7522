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
    const user = await provenUser(run)
    if (user === undefined) return { kind: 'denied', message: 'Nobody is authenticated.' }
    await signIn(run, user, { lifetimeMs, alone: settings.terminateOtherSessions })
    return PASSED
  },
}

/** The pending user, if the evidence is about them, they are active, and nothing has changed since it was found. */
async function provenUser({ ctx, context }: StageRun): Promise<UserRecord | undefined> {
  const { authenticated, pendingUser } = context
  if (authenticated === undefined || authenticated.userId !== pendingUser) return undefined
  const [user] = await ctx.db.select().from(users).where(eq(users.id, authenticated.userId))
  if (user === undefined || activeStatus(user).kind !== 'active') return undefined
  return user.passwordChangeDate.getTime() === authenticated.passwordChanged ? user : undefined
}

async function signIn(
  run: StageRun,
  user: UserRecord,
  { lifetimeMs, alone }: { lifetimeMs: number; alone: boolean },
): Promise<void> {
  const { ctx, session, context, clientIp } = run
  const method = context.authenticated?.method
  await session.logIn({ userId: user.id, lifetimeMs })
  await ctx.db.transaction(async (tx) => {
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
        context: { auth_method: method, flow: run.flow.slug },
      },
      tx,
    )
    if (!alone) return
    const others = await tx
      .select({ keyHash: sessions.keyHash })
      .from(sessions)
      .where(and(eq(sessions.userId, user.id), ne(sessions.keyHash, session.keyHash)))
    for (const { keyHash } of others) await endSession(ctx, tx, { keyHash, user }, 'signed-in-elsewhere')
  })
}
