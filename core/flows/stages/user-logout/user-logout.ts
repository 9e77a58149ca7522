import { eq } from 'drizzle-orm'
import { endSession } from '#core/sessions/end-access.ts'
import { users } from '#core/store/tables/users.ts'
import { PASSED, type StageExecutor } from '../../stage.ts'

/** Ends the visitor's session, and what outposts accepted because of it. */
export const userLogout: StageExecutor = {
  async challenge() {
    return undefined
  },

  async respond({ ctx, session, clientIp, isDeliberate }) {
    const { user: userId, keyHash } = session
    if (userId === undefined) return PASSED
    if (!isDeliberate) return { kind: 'denied', message: 'Signing out has to be confirmed.' }
    await ctx.db.transaction(async (tx) => {
      const [user] = await tx.select().from(users).where(eq(users.id, userId))
      if (user === undefined) return
      await endSession(ctx, tx, { keyHash, user }, 'logout')
      await ctx.events.record(
        {
          action: 'logout',
          app: 'authentik.core.auth',
          clientIp,
          user: { pk: user.id, username: user.username, email: user.email },
        },
        tx,
      )
    })
    await session.end()
    return PASSED
  },
}
