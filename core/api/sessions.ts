import { eq, sql } from 'drizzle-orm'
import { sessionOf } from '#core/http/session.ts'
import { endSession } from '#core/sessions/end-access.ts'
import { sessions, users } from '#core/store/tables/users.ts'
import { sessionResource } from '#schema/api/sessions.ts'
import type { Binding } from './binding.ts'

type SessionRecord = typeof sessions.$inferSelect

/** Signed-in sessions: people see and end their own. */
export const sessionBinding: Binding<SessionRecord> = {
  resource: sessionResource,
  tables: [sessions],
  columns: { user: 'userId' },
  owner: sessions.userId,
  where: sql`${sessions.userId} is not null and ${sessions.expires} > now()`,
  unrecorded: true,
  represent: async (call, rows) =>
    rows.map((session) => ({
      current: sessionOf(call.req).keyHash === session.keyHash,
      user_agent: userAgent(session.lastUserAgent),
      geo_ip: null,
    })),
  async deleting(call, db, session) {
    const [user] = await db.select().from(users).where(eq(users.id, session.userId!))
    if (user === undefined) return undefined
    return { revocation: await endSession(call.ctx, db, { keyHash: session.keyHash, user }, 'ended') }
  },
}

/** compat: browsers are named, not analysed. */
function userAgent(text: string) {
  const family = /\b(Firefox|Edg|Chrome|Safari|curl)\b/.exec(text)?.[1] ?? 'Other'
  const part = { family, major: '', minor: '', patch: '' }
  return {
    device: { brand: '', family: 'Other', model: '' },
    os: { ...part, family: 'Other', patch_minor: '' },
    user_agent: part,
    string: text,
  }
}
