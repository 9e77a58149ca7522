import { and, eq, isNull, notInArray, or } from 'drizzle-orm'
import { REPORT } from '#core/api/connection-states.ts'
import { VIEW_KUBECONFIG } from '#core/api/kubernetes-connections.ts'
import type { CoreContext } from '#core/context.ts'
import { CONTROLLER, grantToController } from '#core/store/controller-grants.ts'
import type { Database } from '#core/store/database.ts'
import { tokens, userPermissions, users } from '#core/store/tables/users.ts'
import { createToken } from '#core/store/tokens.ts'

const TOKEN = { identifier: 'martello-controller-api', managed: 'martello/controller', intent: 'api', expiring: false }

/** What controllers may do everywhere; `grantToController` adds the single objects that they have to see. */
const PERMISSIONS = [
  'authentik_outposts.view_outpost',
  'authentik_outposts.view_outpostserviceconnection',
  'authentik_outposts.view_dockerserviceconnection',
  'authentik_outposts.view_kubernetesserviceconnection',
  'authentik_outposts.view_localserviceconnection',
  VIEW_KUBECONFIG,
  REPORT,
  // What is found around a controller becomes a service connection.
  'authentik_outposts.add_dockerserviceconnection',
  'authentik_outposts.add_kubernetesserviceconnection',
  'authentik_outposts.view_outpostdeployment',
  'authentik_outposts.change_outpostdeployment',
  'authentik_outposts.delete_outpostdeployment',
  // Names, modes and hosts; what providers keep secret is for the outposts that serve them.
  'authentik_core.view_provider',
  'authentik_providers_proxy.view_proxyprovider',
]

/**
 * The account of controllers: always there, without a password. Its token is what was given to this core and to the
 * controller started with it; tokens for other controllers are made by whoever may make them.
 */
export async function ensureControllerAccount(ctx: CoreContext): Promise<void> {
  const { controllerToken } = ctx.config
  await ctx.db.transaction(async (tx) => {
    const userId = await ensureUser(tx)
    if (userId === undefined) {
      ctx.log.warning('the name of the controllers’ account is taken: nothing is granted to it', {
        username: CONTROLLER.username,
      })
      return
    }
    await ensurePermissions(tx, userId)
    await grantToController(tx)
    const given = controllerToken === undefined ? undefined : eq(tokens.identifier, TOKEN.identifier)
    await tx.delete(tokens).where(or(eq(tokens.managed, TOKEN.managed), given))
    if (controllerToken !== undefined) await createToken(ctx, tx, { ...TOKEN, userId }, controllerToken.reveal())
  })
}

/** Undefined when somebody else goes by this name: they are not made a controller by that. */
async function ensureUser(db: Database): Promise<number | undefined> {
  const account = { name: 'Controller Service-Account', path: 'goauthentik.io/outposts', password: null }
  const [user] = await db
    .insert(users)
    .values({ ...CONTROLLER, ...account })
    .onConflictDoUpdate({ target: users.username, set: account, setWhere: eq(users.type, CONTROLLER.type) })
    .returning({ id: users.id })
  return user?.id
}

async function ensurePermissions(db: Database, userId: number): Promise<void> {
  const own = and(eq(userPermissions.userId, userId), isNull(userPermissions.objectPk))
  await db.delete(userPermissions).where(and(own, notInArray(userPermissions.permission, PERMISSIONS)))
  await db
    .insert(userPermissions)
    .values(PERMISSIONS.map((permission) => ({ userId, permission, objectPk: null })))
    .onConflictDoNothing()
}
