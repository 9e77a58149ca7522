import { and, eq, gt, inArray, type SQL, sql } from 'drizzle-orm'
import { events } from '#core/store/tables/system.ts'
import type { UserRecord } from '#core/store/users.ts'
import type { Call } from './route.ts'

interface Coordinate {
  /** Milliseconds since the epoch. */
  readonly x_cord: number
  readonly y_cord: number
}

const WEEK_MS = 7 * 86_400_000

/** How many events of an action there were, by hours, in the last week. */
export async function eventCounts(call: Call, action: string, condition?: SQL): Promise<Coordinate[]> {
  const since = new Date(call.ctx.clock.now() - WEEK_MS)
  const hour = sql<number>`(floor(extract(epoch from ${events.created}) / 3600) * 3600000)::float8`
  const rows = await call.ctx.db
    .select({ hour, count: sql<number>`count(*)::int` })
    .from(events)
    .where(and(inArray(events.action, [action]), gt(events.created, since), condition))
    .groupBy(sql`1`)
    .orderBy(sql`1`)
  return rows.map((row) => ({ x_cord: Number(row.hour), y_cord: row.count }))
}

/** How often somebody has signed in, failed to, and was let into an application, by hours of the last week. */
export async function userMetrics(call: Call, user: UserRecord) {
  const by = eq(sql`${events.user} ->> 'pk'`, String(user.id))
  return {
    logins: await eventCounts(call, 'login', by),
    logins_failed: await eventCounts(call, 'login_failed', eq(sql`${events.context} ->> 'username'`, user.username)),
    authorizations: await eventCounts(call, 'authorize_application', by),
  }
}
