import { and, eq, gt, or } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { activeStatus } from '#core/domain/access/active.ts'
import { tokens, users } from '#core/store/tables/users.ts'
import type { UserRecord } from '#core/store/users.ts'

/** A token that is valid, with whose it is. */
export interface FoundToken {
  readonly token: typeof tokens.$inferSelect
  readonly user: UserRecord
}

const LONGEST_KEY = 512

/** The unexpired token with exactly this key and intent, of an active user. Nothing is deleted or rotated by looking. */
export async function findToken(ctx: CoreContext, key: string, intent: string): Promise<FoundToken | undefined> {
  if (key === '' || key.length > LONGEST_KEY) return undefined
  const unexpired = or(eq(tokens.expiring, false), gt(tokens.expires, new Date(ctx.clock.now())))
  const [found] = await ctx.db
    .select({ token: tokens, user: users })
    .from(tokens)
    .innerJoin(users, eq(users.id, tokens.userId))
    .where(and(eq(tokens.keyHash, ctx.keys.hash(key)), eq(tokens.intent, intent), unexpired))
  return found !== undefined && activeStatus(found.user).kind === 'active' ? found : undefined
}
