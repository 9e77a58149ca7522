import { eq } from 'drizzle-orm'
import { hashPassword } from '#core/crypto/passwords.ts'
import { avatarOf } from '#core/flows/avatar.ts'
import { NotFoundError, ValidationFailedError } from '#core/http/http-errors.ts'
import { sessionOf } from '#core/http/session.ts'
import { endAccessOf } from '#core/sessions/end-access.ts'
import { addMember } from '#core/store/memberships.ts'
import { groups, users } from '#core/store/tables/users.ts'
import { createToken } from '#core/store/tokens.ts'
import { type UserRecord, userUid } from '#core/store/users.ts'
import { passwordFields, serviceAccountFields } from '#schema/api/users.ts'
import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { actionBody } from './checks.ts'
import { userMetrics } from './event-metrics.ts'
import { findVisible, requireOn } from './objects.ts'
import { headersOf } from './resource.ts'
import {
  type Access,
  type Call,
  NO_CONTENT,
  OWN,
  ok,
  type Reply,
  type Route,
  requirePermission,
  requirePermissionOn,
  userOf,
} from './route.ts'
import { note } from './write.ts'

const objects = (permission: string): Access => ({ kind: 'objects', permission: `authentik_core.${permission}` })
const action = (
  route: Omit<Route, 'path' | 'operationId'> & { readonly path: string; readonly id: string },
): Route => ({ ...route, path: `core/users/${route.path}`, operationId: `core_users_${route.id}` })

const userBindingOf = (call: Call) => call.registry.of('authentik_core.user')!
const findUser = async (call: Call) => (await findVisible(userBindingOf(call), call)) as UserRecord

/** What can be done with users beside writing their fields. */
export const userActions: readonly Route[] = [
  action({
    method: 'GET',
    path: 'me/',
    id: 'me_retrieve',
    access: OWN,
    document: { response: 'SessionUser' },
    handle: me,
  }),
  action({
    method: 'GET',
    path: 'paths/',
    id: 'paths_retrieve',
    access: objects('view_user'),
    document: { response: 'UserPath' },
    handle: paths,
  }),
  action({
    method: 'POST',
    path: 'service_account/',
    id: 'service_account_create',
    access: { kind: 'permission', permission: 'authentik_core.add_user' },
    document: {
      request: { name: 'UserServiceAccountRequest', fields: serviceAccountFields },
      response: 'UserServiceAccountResponse',
    },
    handle: createServiceAccount,
  }),
  action({
    method: 'POST',
    path: '{id}/set_password/',
    id: 'set_password_create',
    access: objects('reset_user_password'),
    document: { request: { name: 'UserPasswordSetRequest', fields: passwordFields }, status: 204 },
    handle: setPassword,
  }),
  action({
    method: 'GET',
    path: '{id}/metrics/',
    id: 'metrics_retrieve',
    access: objects('view_user'),
    document: { response: 'UserMetrics' },
    handle: async (call) => ok(await userMetrics(call, await findUser(call))),
  }),
  ...['recovery', 'recovery_email'].map((name) =>
    action({
      method: 'GET',
      path: `{id}/${name}/`,
      id: `${name}_retrieve`,
      access: objects('reset_user_password'),
      document: { response: 'Link' },
      handle: refuseRecovery,
    }),
  ),
]

/** Who somebody is, with the groups above theirs. */
async function me(call: Call): Promise<Reply> {
  const { user, uid, groups: all, isSuperuser, attributes } = userOf(call).principal
  const { settings } = attributes
  return ok({
    user: {
      pk: user.id,
      username: user.username,
      name: user.name,
      is_active: user.isActive,
      is_superuser: isSuperuser,
      groups: all.map(({ name, groupUuid }) => ({ name, pk: groupUuid })),
      roles: [],
      email: user.email,
      avatar: avatarOf(user.name || user.username),
      uid,
      settings: isJsonObject(settings) ? settings : {},
      type: user.type,
      system_permissions: [],
    },
  })
}

async function paths(call: Call): Promise<Reply> {
  requirePermission(call, 'authentik_core.view_user')
  const rows = await call.ctx.db.selectDistinct({ path: users.path }).from(users).orderBy(users.path)
  return ok({ paths: rows.map(({ path }) => path) })
}

/** An account for a program: a user without password, an app password, and a group of the same name if wanted. */
async function createServiceAccount(call: Call): Promise<Reply> {
  const { ctx } = call
  const body = await actionBody(call, serviceAccountFields)
  const username = String(body['name'])
  const expiring = body['expiring'] !== false
  const expires = body['expires'] instanceof Date ? body['expires'] : new Date(ctx.clock.now() + 360 * 86_400_000)
  const taken = await ctx.db.select({ id: users.id }).from(users).where(eq(users.username, username))
  if (taken.length > 0) throw new ValidationFailedError({ non_field_errors: ['This name is in use.'] })
  const reply = await ctx.db.transaction(async (tx) => {
    const attributes = { 'goauthentik.io/user/token-expires': expiring }
    const path = 'goauthentik.io/service-accounts'
    const [user] = await tx
      .insert(users)
      .values({ username, name: username, type: 'service_account', path, attributes })
      .returning()
    const group = body['create_group'] === true ? await createGroup(call, tx, username, user!.id) : undefined
    const identifier = `service-account-${username}-password`.replaceAll(/[^\w-]/g, '-').slice(0, 255)
    const token = await createToken(ctx, tx, {
      identifier,
      userId: user!.id,
      intent: 'app_password',
      expiring,
      expires,
    })
    await note(call, tx, userBindingOf(call), user!, 'created', ['username'])
    return { username, token, user_uid: userUid(ctx.installId, user!.id), user_pk: user!.id, ...group }
  })
  return ok(reply)
}

async function createGroup(
  call: Call,
  db: Call['ctx']['db'],
  name: string,
  userId: number,
): Promise<{ group_pk: string }> {
  const [group] = await db.insert(groups).values({ name }).returning()
  await addMember(db, group!.groupUuid, userId)
  await note(call, db, call.registry.of('authentik_core.group')!, group!, 'created', ['name', 'users'])
  return { group_pk: group!.groupUuid }
}

/** Ends what the old password opened, except the session of somebody who changes their own. */
async function setPassword(call: Call): Promise<Reply> {
  const { ctx } = call
  const { principal, via } = userOf(call)
  const user = await findUser(call)
  requirePermissionOn(call, 'authentik_core.reset_user_password', String(user.id))
  const { password } = await actionBody(call, passwordFields)
  const hash = await hashPassword(String(password))
  const ownSession =
    via === 'session' && principal.user.id === user.id ? { exceptSession: sessionOf(call.req).keyHash } : {}
  const revocation = await ctx.db.transaction(async (tx) => {
    await tx
      .update(users)
      .set({ password: hash, passwordChangeDate: new Date(ctx.clock.now()) })
      .where(eq(users.id, user.id))
    await note(call, tx, userBindingOf(call), user, 'updated', ['password'])
    await ctx.events.record(
      {
        action: 'password_set',
        app: 'authentik.core',
        user: { pk: user.id, username: user.username, email: user.email },
        clientIp: call.clientIp,
      },
      tx,
    )
    return endAccessOf(ctx, tx, user, { reason: 'password-changed', ...ownSession })
  })
  return { ...NO_CONTENT, headers: headersOf({ revocation }) }
}

/** compat: there is no recovery flow. */
async function refuseRecovery(call: Call): Promise<Reply> {
  const user = await findUser(call)
  requireOn(userBindingOf(call), call, 'change', user)
  throw new NotFoundError('No recovery flow is set up.')
}
