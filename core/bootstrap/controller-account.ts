import { eq } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { tokens, userPermissions, users } from '#core/store/tables/users.ts'
import { createToken } from '#core/store/tokens.ts'

const USERNAME = 'martello-controller'
const IDENTIFIER = 'martello-controller-api'

/** What a controller needs to deploy outposts: to see them and their connections, and to read their tokens. */
const PERMISSIONS = [
  'authentik_outposts.view_outpost',
  'authentik_outposts.view_outpostserviceconnection',
  'authentik_outposts.view_dockerserviceconnection',
  'authentik_outposts.view_kubernetesserviceconnection',
  'authentik_outposts.view_localserviceconnection',
  'authentik_core.view_token',
  'authentik_core.view_token_key',
]

/** The account of the controller that was started together with this core, under the key that both were given. */
export async function ensureControllerAccount(ctx: CoreContext): Promise<void> {
  const { controllerToken } = ctx.config
  if (controllerToken === undefined) return
  await ctx.db.transaction(async (tx) => {
    const account = {
      name: 'Controller Service-Account',
      type: 'internal_service_account',
      path: 'goauthentik.io/outposts',
      isActive: true,
    }
    const [user] = await tx
      .insert(users)
      .values({ username: USERNAME, ...account })
      .onConflictDoUpdate({ target: users.username, set: account })
      .returning({ id: users.id })
    const userId = user!.id
    await tx.delete(userPermissions).where(eq(userPermissions.userId, userId))
    await tx.insert(userPermissions).values(PERMISSIONS.map((permission) => ({ userId, permission, objectPk: null })))
    await tx.delete(tokens).where(eq(tokens.identifier, IDENTIFIER))
    const token = { identifier: IDENTIFIER, intent: 'api', userId, expiring: false }
    await createToken(ctx, tx, token, controllerToken.reveal())
  })
}
