import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { deepMerge, type JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Database } from './database.ts'
import { groups, users } from './tables/users.ts'

export type UserRecord = typeof users.$inferSelect
export type GroupRecord = typeof groups.$inferSelect

/** Levels of ancestors above a direct group that count; it also ends cycles (sheet core-domain §2). */
const MAX_GROUP_LEVELS = 20

/** A user together with what membership gives: the only form in which the rest of the core decides about users. */
export interface Principal {
  readonly user: UserRecord
  readonly uid: string
  /** Direct groups and all their ancestors, by name. */
  readonly groups: readonly GroupRecord[]
  readonly isSuperuser: boolean
  /** Attributes of the groups by name, then the user's own, merged. */
  readonly attributes: JsonObject
}

/** The stable identifier that other systems know the user by: SHA-256 hex of `<id>-<install id>`. */
export function userUid(installId: string, id: number): string {
  return createHash('sha256').update(`${id}-${installId}`).digest('hex')
}

/** The user's direct groups and their ancestors, by name; a cycle or a very deep tree ends. */
export async function groupsOf(db: Database, userId: number): Promise<readonly GroupRecord[]> {
  const above = sql`(
    WITH RECURSIVE membership(group_uuid, level) AS (
      SELECT group_uuid, 0 FROM user_groups WHERE user_id = ${userId}
      UNION
      SELECT g.parent, m.level + 1 FROM membership m JOIN groups g ON g.group_uuid = m.group_uuid
      WHERE g.parent IS NOT NULL AND m.level < ${MAX_GROUP_LEVELS}
    ) SELECT group_uuid FROM membership)`
  return db.select().from(groups).where(sql`${groups.groupUuid} IN ${above}`).orderBy(groups.name, groups.groupUuid)
}

/** The user by id with recursive groups; undefined when there is none. Says nothing about `is_active`. */
export async function loadPrincipal(
  ctx: Pick<CoreContext, 'db' | 'installId'>,
  userId: number,
  db: Database = ctx.db,
): Promise<Principal | undefined> {
  const [user] = await db.select().from(users).where(eq(users.id, userId))
  return user === undefined ? undefined : principalOf(ctx, user, db)
}

/** What membership gives to a user that is loaded already. */
export async function principalOf(
  ctx: Pick<CoreContext, 'db' | 'installId'>,
  user: UserRecord,
  db: Database = ctx.db,
): Promise<Principal> {
  const all = await groupsOf(db, user.id)
  return {
    user,
    uid: userUid(ctx.installId, user.id),
    groups: all,
    isSuperuser: all.some((group) => group.isSuperuser),
    attributes: deepMerge(...all.map((group) => group.attributes), user.attributes),
  }
}

/** The user with exactly this name. */
export async function findUserByUsername(db: Database, username: string): Promise<UserRecord | undefined> {
  const [user] = await db.select().from(users).where(eq(users.username, username))
  return user
}
