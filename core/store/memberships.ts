import { inArray, type SQL, sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { userGroups, users } from './tables/users.ts'
import type { UserRecord } from './users.ts'

const MAX_GROUP_LEVELS = 20

/** Ids of the users who are in one of these groups, or in a group below one. */
export function idsBelow(condition: SQL): SQL {
  return sql`(
    WITH RECURSIVE below(group_uuid, level) AS (
      SELECT group_uuid, 0 FROM groups WHERE ${condition}
      UNION
      SELECT g.group_uuid, b.level + 1 FROM below b JOIN groups g ON g.parent = b.group_uuid
      WHERE b.level < ${MAX_GROUP_LEVELS}
    ) SELECT ug.user_id FROM user_groups ug JOIN below b ON b.group_uuid = ug.group_uuid)`
}

/** A condition on users: they are superusers, by one of their groups. */
export function isSuperuserCondition(): SQL {
  return sql`${users.id} in ${idsBelow(sql`is_superuser`)}`
}

/** Everybody who is in the group or in one below it. */
export function membersOf(db: Database, groupUuid: string): Promise<UserRecord[]> {
  return db
    .select()
    .from(users)
    .where(sql`${users.id} in ${idsBelow(sql`group_uuid = ${groupUuid}`)}`)
}

/** Those of the users who are superusers. */
export async function superusersAmong(db: Database, ids: readonly number[]): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set()
  const rows = await db
    .select({ id: users.id })
    .from(users)
    .where(sql`${inArray(users.id, [...ids])} and ${isSuperuserCondition()}`)
  return new Set(rows.map(({ id }) => id))
}

/** Puts a user into a group; nothing happens if it is in it already. */
export async function addMember(db: Database, groupUuid: string, userId: number): Promise<void> {
  await db.insert(userGroups).values({ groupUuid, userId }).onConflictDoNothing()
}
