import { and, eq, lt, sql } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { isDiskFull } from '#core/store/store-errors.ts'
import { outpostInstances } from '#core/store/tables/outposts.ts'
import { isAlive } from '#schema/kernel/health.ts'
import type { HelloArgs } from '#schema/wire/messages.ts'

export type InstanceRecord = typeof outpostInstances.$inferSelect
type Key = { readonly outpost: string; readonly uid: string }

/** Instances that are silent for longer are forgotten. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000

const isInstance = ({ outpost, uid }: Key) =>
  and(eq(outpostInstances.outpostUuid, outpost), eq(outpostInstances.uid, uid))

/**
 * A link stays while the disk is full, for what it is told of: what an instance says is said again within seconds, and
 * whoever is silent meanwhile is not taken for being there.
 */
async function unlessFull(write: PromiseLike<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!isDiskFull(error)) throw error
  }
}

/** Records what an instance said of itself, and that it is there. */
export async function sawHello(ctx: CoreContext, { outpost, uid }: Key, hello: HelloArgs): Promise<void> {
  const { version, buildHash, hostname, capabilities, revision, sequence, uuid: _, ...args } = hello
  const seen = {
    replica: ctx.replicaId,
    lastSeen: new Date(ctx.clock.now()),
    version,
    buildHash,
    hostname,
    capabilities: [...capabilities],
    appliedRevision: revision,
    appliedSequence: sequence,
    args,
  }
  await unlessFull(
    ctx.db
      .insert(outpostInstances)
      .values({ outpostUuid: outpost, uid, ...seen })
      .onConflictDoUpdate({ target: [outpostInstances.outpostUuid, outpostInstances.uid], set: seen }),
  )
}

/** Records that an instance is there. */
export async function sawMessage(ctx: CoreContext, key: Key): Promise<void> {
  await unlessFull(
    ctx.db
      .update(outpostInstances)
      .set({ lastSeen: new Date(ctx.clock.now()) })
      .where(isInstance(key)),
  )
}

/** Records what an instance enforces from now on; it never goes back. */
export async function sawApplied(
  ctx: CoreContext,
  key: Key,
  applied: { revision?: number | undefined; sequence?: number | undefined },
): Promise<void> {
  const { revision = 0, sequence = 0 } = applied
  await unlessFull(
    ctx.db
      .update(outpostInstances)
      .set({
        lastSeen: new Date(ctx.clock.now()),
        appliedRevision: sql`greatest(${outpostInstances.appliedRevision}, ${revision})`,
        appliedSequence: sql`greatest(${outpostInstances.appliedSequence}, ${sequence})`,
      })
      .where(isInstance(key)),
  )
}

/** The connection was lost: the instance is not linked any more, but may serve what it knows. */
export async function lost(ctx: CoreContext, key: Key): Promise<void> {
  await unlessFull(
    ctx.db
      .update(outpostInstances)
      .set({ replica: null })
      .where(and(isInstance(key), eq(outpostInstances.replica, ctx.replicaId))),
  )
}

/** The process has said that it ends. */
export async function left(ctx: CoreContext, key: Key): Promise<void> {
  await unlessFull(
    ctx.db.delete(outpostInstances).where(and(isInstance(key), eq(outpostInstances.replica, ctx.replicaId))),
  )
}

/** No instance is linked: what held the links, the only core process that there can be, has ended. */
export async function lostAll(ctx: CoreContext): Promise<void> {
  await ctx.db.update(outpostInstances).set({ replica: null })
}

/**
 * Whether the instance is linked to a replica; silence is never taken for health. One whose replica was stopped in
 * order still counts while it moves to another.
 */
export function isLinked(ctx: CoreContext, { replica, lastSeen }: InstanceRecord): boolean {
  return replica !== null && isAlive(lastSeen.getTime(), ctx.clock.now())
}

/** The instances of one outpost, or of all, that are not forgotten, linked or not; the newest first. */
export async function instancesOf(ctx: CoreContext, outpost?: string): Promise<readonly InstanceRecord[]> {
  const all = ctx.db.select().from(outpostInstances)
  const rows = await (outpost === undefined ? all : all.where(eq(outpostInstances.outpostUuid, outpost)))
  return rows.sort((a, b) => b.lastSeen.getTime() - a.lastSeen.getTime())
}

/** Drops instances that nobody has heard of for a day. */
export async function forgetSilent(ctx: CoreContext): Promise<void> {
  await ctx.db
    .delete(outpostInstances)
    .where(lt(outpostInstances.lastSeen, new Date(ctx.clock.now() - FORGOTTEN_AFTER_MS)))
}
