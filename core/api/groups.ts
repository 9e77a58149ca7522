import { eq, inArray, sql } from 'drizzle-orm'
import { ForbiddenError, NotFoundError, ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import { addMember, membersOf } from '#core/store/memberships.ts'
import { groups, userGroups, users } from '#core/store/tables/users.ts'
import { type GroupRecord, type UserRecord, userUid } from '#core/store/users.ts'
import { groupResource, memberFields } from '#schema/api/groups.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { attributesFilter } from './attributes-filter.ts'
import type { Binding, Effect, Writing } from './binding.ts'
import { actionBody } from './checks.ts'
import { findVisible, requireOn } from './objects.ts'
import { headersOf } from './resource.ts'
import { type Call, isSuperuser, NO_CONTENT, type Reply, type Route } from './route.ts'
import { linksOf } from './rows.ts'
import { endAccessOfAll, endShutAccess, grantedTo, grantedToMembers } from './standing-access.ts'
import { requireOrdinaryGroups } from './users.ts'
import { note } from './write.ts'

const membership = { table: userGroups, own: userGroups.groupUuid, other: userGroups.userId }

const hasMember = (condition: ReturnType<typeof eq>) =>
  sql`${groups.groupUuid} in (select ${userGroups.groupUuid} from ${userGroups} join ${users} on ${users.id} = ${userGroups.userId} where ${condition})`

/** Groups: only superusers make one that makes superusers, and who loses a membership loses what it opened. */
export const groupBinding: Binding<GroupRecord> = {
  resource: groupResource,
  tables: [groups],
  links: { users: membership },
  filters: {
    attributes: ([text]) => attributesFilter(groups.attributes, text!),
    members_by_pk: (keys) => hasMember(inArray(users.id, keys.map(Number))),
    members_by_username: (names) => hasMember(inArray(users.username, [...names])),
  },
  prepare,
  represent,
  written,
  deleting: async (call, db, group) => endAccessOfAll(call, db, await membersOf(db, group.groupUuid)),
  actions: [memberRoute('add_user', add), memberRoute('remove_user', remove)],
}

async function prepare(call: Call, values: JsonObject, before: GroupRecord | undefined): Promise<JsonObject> {
  if (before !== undefined && values['parent'] === before.groupUuid)
    throw new ValidationFailedError({ parent: ['Cannot set group as parent of itself.'] })
  if (values['is_superuser'] === true && before?.isSuperuser !== true && !isSuperuser(call)) throw new ForbiddenError()
  if (typeof values['parent'] === 'string') await requireOrdinaryGroups(call, [values['parent']])
  if (before !== undefined && values['users'] !== undefined) await requireOrdinaryGroups(call, [before.groupUuid])
  return values
}

async function represent(call: Call, rows: readonly GroupRecord[], db: Database): Promise<readonly JsonObject[]> {
  const keys = rows.map(({ groupUuid }) => groupUuid)
  const members = await linksOf(db, membership, keys)
  const isDescribed = call.query.get('include_users') !== 'false'
  const described = await membersByKey(call, db, isDescribed ? ([...members.values()].flat() as number[]) : [])
  const parentNames = await namesOf(
    db,
    rows.flatMap(({ parent }) => parent ?? []),
  )
  return rows.map((group) => ({
    num_pk: numericKey(group.groupUuid),
    parent_name: group.parent === null ? null : parentNames.get(group.parent),
    parents: group.parent === null ? [] : [group.parent],
    users_obj: (members.get(group.groupUuid) ?? []).flatMap((id) => described.get(id) ?? []),
    ...NO_ROLES,
  }))
}

/** 2026.2 clients expect these. */
const NO_ROLES = { parents_obj: [], roles: [], roles_obj: [], inherited_roles_obj: [], children: [], children_obj: [] }

async function membersByKey(
  call: Call,
  db: Database,
  ids: readonly number[],
): Promise<ReadonlyMap<unknown, JsonObject>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select()
    .from(users)
    .where(inArray(users.id, [...new Set(ids)]))
  return new Map(
    rows.map((user) => [
      user.id,
      {
        pk: user.id,
        username: user.username,
        name: user.name,
        is_active: user.isActive,
        last_login: user.lastLogin?.toISOString() ?? null,
        email: user.email,
        attributes: user.attributes,
        uid: userUid(call.ctx.installId, user.id),
      },
    ]),
  )
}

async function namesOf(db: Database, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (keys.length === 0) return new Map()
  const rows = await db
    .select()
    .from(groups)
    .where(inArray(groups.groupUuid, [...keys]))
  return new Map(rows.map(({ groupUuid, name }) => [groupUuid, name]))
}

/** compat: the first five decimal digits of the UUID as a number; LDAP clients see it as the group's id. */
export function numericKey(uuid: string): number {
  return Number(
    BigInt(`0x${uuid.replaceAll('-', '')}`)
      .toString()
      .slice(0, 5),
  )
}

/** A group that loses members, its parent or its power ends what its members had by it. */
async function written(call: Call, db: Database, { before, after, removed }: Writing<GroupRecord>): Promise<Effect> {
  if (before === undefined) return undefined
  const weaker = before.parent !== after.parent || (before.isSuperuser && !after.isSuperuser)
  const gone = removed('users') as number[]
  const affected = new Map<number, UserRecord>()
  if (gone.length > 0)
    for (const user of await db.select().from(users).where(inArray(users.id, gone))) affected.set(user.id, user)
  if (weaker) for (const user of await membersOf(db, after.groupUuid)) affected.set(user.id, user)
  const ended = await endAccessOfAll(call, db, [...affected.values()])
  // What a group gives, or says of its members, can also be what shuts them out.
  return (await endShutAccess(call, db, grantedToMembers(after.groupUuid))) ?? ended
}

type Membership = (call: Call, db: Database, group: GroupRecord, user: UserRecord) => Promise<Effect>

function memberRoute(name: 'add_user' | 'remove_user', apply: Membership): Route {
  return {
    method: 'POST',
    path: `core/groups/{group_uuid}/${name}/`,
    operationId: `core_groups_${name}_create`,
    access: { kind: 'objects', permission: 'authentik_core.change_group' },
    document: { request: { name: 'UserAccountRequest', fields: memberFields }, status: 204 },
    handle: (call) => changeMember(call, apply),
  }
}

async function changeMember(call: Call, apply: Membership): Promise<Reply> {
  const binding = call.registry.of('authentik_core.group')!
  const group = (await findVisible(binding, call)) as GroupRecord
  requireOn(binding, call, 'change', group)
  await requireOrdinaryGroups(call, [group.groupUuid])
  const { pk } = await actionBody(call, memberFields)
  const effect = await call.ctx.db.transaction(async (tx) => {
    const [user] = await tx
      .select()
      .from(users)
      .where(eq(users.id, Number(pk)))
    if (user === undefined) throw new NotFoundError()
    const done = await apply(call, tx, group, user)
    await note(call, tx, binding, group, 'updated', ['users'])
    await note(call, tx, call.registry.of('authentik_core.user')!, user, 'updated', ['groups'])
    return done
  })
  return { ...NO_CONTENT, headers: headersOf(effect) }
}

async function add(call: Call, db: Database, { groupUuid }: GroupRecord, user: UserRecord): Promise<Effect> {
  await addMember(db, groupUuid, user.id)
  return endShutAccess(call, db, grantedTo(user.id))
}

async function remove(call: Call, db: Database, { groupUuid }: GroupRecord, user: UserRecord): Promise<Effect> {
  const gone = await db
    .delete(userGroups)
    .where(sql`${eq(userGroups.groupUuid, groupUuid)} and ${eq(userGroups.userId, user.id)}`)
    .returning()
  return gone.length === 0 ? undefined : endAccessOfAll(call, db, [user])
}
