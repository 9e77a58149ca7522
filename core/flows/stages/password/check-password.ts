import { eq } from 'drizzle-orm'
import { verifyPassword } from '#core/crypto/passwords.ts'
import { activeStatus } from '#core/domain/access/active.ts'
import { findToken } from '#core/http/bearer.ts'
import { users } from '#core/store/tables/users.ts'
import type { UserRecord } from '#core/store/users.ts'
import type { StageRun } from '../../stage.ts'

/** compat: the backends by their names in the API: the user's own password, and app passwords. */
export const INBUILT = 'authentik.core.auth.InbuiltBackend'
export const APP_PASSWORD = 'authentik.core.auth.TokenBackend'

/** What was typed, and what may accept it. */
export interface PasswordCheck {
  readonly password: string
  readonly backends: readonly string[]
}

/**
 * Whether this is the pending user's password; then the flow's context holds the evidence. Nobody, a deactivated user
 * and too many attempts cost and look the same as a wrong password.
 */
export async function checkPassword(run: StageRun, { password, backends }: PasswordCheck): Promise<boolean> {
  const { ctx, context, clientIp, attempts } = run
  const account =
    context.pendingUser == null ? `name ${context.identifier?.toLowerCase()}` : `id ${context.pendingUser}`
  const allowed = attempts.begin(account, clientIp)
  const user = await pendingUser(run)
  const method = allowed ? await verify(run, user, { password, backends }) : undefined
  if (user !== undefined && method !== undefined && activeStatus(user).kind === 'active') {
    attempts.succeeded(account, clientIp)
    context.authenticated = { userId: user.id, method, passwordChanged: user.passwordChangeDate.getTime() }
    return true
  }
  await ctx.events.record({
    action: 'login_failed',
    app: 'authentik.core.auth',
    clientIp,
    user: user === undefined ? undefined : { pk: user.id, username: user.username, email: user.email },
    context: { username: context.identifier, flow: run.flow.slug, limited: !allowed },
  })
  return false
}

async function pendingUser({ ctx, context }: StageRun): Promise<UserRecord | undefined> {
  if (context.pendingUser == null) return undefined
  const [user] = await ctx.db.select().from(users).where(eq(users.id, context.pendingUser))
  return user
}

/** The backend that accepts the password; without a user the work of one hash is done all the same. */
async function verify(
  run: StageRun,
  user: UserRecord | undefined,
  { password, backends }: PasswordCheck,
): Promise<string | undefined> {
  if (backends.includes(INBUILT) && (await verifyPassword(password, user?.password ?? null)) && user !== undefined)
    return 'password'
  if (!backends.includes(APP_PASSWORD)) return undefined
  const token = await findToken(run.ctx, password, 'app_password')
  return token !== undefined && token.user.id === user?.id ? 'token' : undefined
}
