import { and, eq, lt, sql } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { forgetSilent } from '#core/link/presence.ts'
import type { Database } from '#core/store/database.ts'
import type { OpenChangeFeed } from '#core/store/open-change-feed.ts'
import { events, oidcArtifacts } from '#core/store/tables/system.ts'
import { sessions, tokens } from '#core/store/tables/users.ts'

const EVERY_MS = 5 * 60_000
const LOCK = 0x7461736b

/** Clears away what has expired, every five minutes; one replica does it at a time. Nothing relies on it being gone. */
export function runPeriodicTasks(ctx: CoreContext, feed: OpenChangeFeed): AsyncDisposable {
  let running: Promise<void> = Promise.resolve()
  const run = () => {
    running = clearAway(ctx)
      .then(() => feed.trim())
      .then(() => forgetSilent(ctx))
      .catch((cause) => ctx.log.warning('what has expired could not be cleared away', { cause }))
  }
  const timer = setInterval(run, EVERY_MS)
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await running
    },
  }
}

async function clearAway(ctx: CoreContext): Promise<void> {
  const now = new Date(ctx.clock.now())
  await ctx.db.transaction(async (tx) => {
    if (!(await isOurTurn(tx))) return
    await tx.delete(sessions).where(lt(sessions.expires, now))
    await tx.delete(oidcArtifacts).where(lt(oidcArtifacts.expires, now))
    await tx.delete(events).where(lt(events.expires, now))
    await tx.delete(tokens).where(and(eq(tokens.expiring, true), lt(tokens.expires, now)))
  })
}

async function isOurTurn(tx: Database): Promise<boolean> {
  const { rows } = (await tx.execute(sql`select pg_try_advisory_xact_lock(${LOCK}) as ours`)) as {
    rows: { ours: boolean }[]
  }
  return rows[0]?.ours === true
}
