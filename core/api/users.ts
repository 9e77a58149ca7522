import { and, eq, inArray, like, sql } from 'drizzle-orm'
import { avatarOf } from '#core/flows/avatar.ts'
import { ForbiddenError, ValidationFailedError } from '#core/http/http-errors.ts'
import { endAccessOf } from '#core/sessions/end-access.ts'
import { isSuperuserCondition, superusersAmong } from '#core/store/memberships.ts'
import { groups, userGroups, users } from '#core/store/tables/users.ts'
import { type UserRecord, userUid } from '#core/store/users.ts'
import { userResource } from '#schema/api/users.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { attributesFilter } from './attributes-filter.ts'
import type { Binding, Effect, Writing } from './binding.ts'
import { nested } from './nested.ts'
import { type Call, isSuperuser } from './route.ts'
import { linksOf } from './rows.ts'
import { endShutAccess, grantedTo } from './standing-access.ts'
import { userActions } from './user-actions.ts'

const membership = { table: userGroups, own: userGroups.userId, other: userGroups.groupUuid }

const inGroup = (condition: ReturnType<typeof eq>) =>
  sql`${users.id} in (select ${userGroups.userId} from ${userGroups} join ${groups} on ${groups.groupUuid} = ${userGroups.groupUuid} where ${condition})`

/** Users: whoever is deactivated, renamed or taken from a group loses standing access at once. */
export const userBinding: Binding<UserRecord> = {
  resource: userResource,
  tables: [users],
  links: { groups: membership },
  columns: { last_updated: 'passwordChangeDate' },
  filters: {
    attributes: ([text]) => attributesFilter(users.attributes, text!),
    groups_by_name: (names) => inGroup(inArray(groups.name, [...names])),
    groups_by_pk: (keys) => inGroup(inArray(groups.groupUuid, [...keys])),
    is_superuser: ([value]) =>
      value!.toLowerCase() === 'true' ? isSuperuserCondition() : sql`not ${isSuperuserCondition()}`,
    path_startswith: ([start]) => like(users.path, `${start!.replaceAll(/[\\%_]/g, '\\$&')}%`),
  },
  prepare,
  represent,
  written,
  deleting: async (call, db, user) => ({ revocation: await endAccessOf(call.ctx, db, user, { reason: 'deleted' }) }),
  actions: userActions,
}

/** Only the core makes accounts of its own, and only superusers make superusers. */
async function prepare(call: Call, values: JsonObject, before: UserRecord | undefined): Promise<JsonObject> {
  const { type } = values
  if (type !== undefined && type !== before?.type) {
    if (type === 'internal_service_account')
      throw new ValidationFailedError({ type: ['Setting a user to internal service account is not allowed.'] })
    if (before?.type === 'internal_service_account')
      throw new ValidationFailedError({ type: ["Can't change internal service account to other user type."] })
  }
  if (Array.isArray(values['groups'])) await requireOrdinaryGroups(call, values['groups'] as string[])
  return values
}

/** Refuses groups that make superusers to everybody who is not one. */
export async function requireOrdinaryGroups(call: Call, keys: readonly string[]): Promise<void> {
  if (isSuperuser(call) || keys.length === 0) return
  const above = sql`(WITH RECURSIVE up(group_uuid, level) AS (
      SELECT group_uuid, 0 FROM groups WHERE ${inArray(groups.groupUuid, [...keys])}
      UNION SELECT g.parent, up.level + 1 FROM up JOIN groups g ON g.group_uuid = up.group_uuid
      WHERE g.parent IS NOT NULL AND up.level < 20) SELECT group_uuid FROM up)`
  const powerful = await call.ctx.db
    .select({ key: groups.groupUuid })
    .from(groups)
    .where(and(eq(groups.isSuperuser, true), sql`${groups.groupUuid} in ${above}`))
    .limit(1)
  if (powerful.length > 0) throw new ForbiddenError()
}

async function represent(call: Call, rows: readonly UserRecord[], db = call.ctx.db): Promise<readonly JsonObject[]> {
  const ids = rows.map(({ id }) => id)
  const superusers = await superusersAmong(db, ids)
  const direct = await linksOf(db, membership, ids)
  const fields = ['pk', 'num_pk', 'name', 'is_superuser', 'parent', 'parent_name', 'attributes']
  const isDescribed = call.query.get('include_groups') !== 'false'
  const named = isDescribed ? [...direct.values()].flat() : []
  const described = await nested(call, db, 'authentik_core.group', named, fields)
  return rows.map((user) => ({
    is_superuser: superusers.has(user.id),
    groups_obj: (direct.get(user.id) ?? []).flatMap((key) => described.get(key) ?? []),
    roles: [],
    roles_obj: [],
    avatar: avatarOf(user.name || user.username),
    uid: userUid(call.ctx.installId, user.id),
  }))
}

/** Standing access ends with deactivation, and when a membership that it may rest on is taken away. */
async function written(
  call: Call,
  db: Call['ctx']['db'],
  { before, after, removed }: Writing<UserRecord>,
): Promise<Effect> {
  if (before === undefined) return undefined
  if (before.isActive && !after.isActive)
    return { revocation: await endAccessOf(call.ctx, db, after, { reason: 'deactivated' }) }
  if (before.username !== after.username || removed('groups').length > 0)
    return { revocation: await endAccessOf(call.ctx, db, after, { reason: 'access-changed' }) }
  // A group that was gained, or an attribute, can be what a policy refuses.
  return endShutAccess(call, db, grantedTo(after.id))
}
