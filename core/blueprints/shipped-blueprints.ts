import { eq } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { blueprintInstances } from '#core/store/tables/system.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { appliedState, blueprintHash } from './applied-state.ts'
import { applyBlueprint, type Blueprint, parseBlueprint } from './apply-blueprint.ts'
import { type ShippedFile, shippedFiles } from './shipped-files.ts'

/** Applied at the first start only: what people change afterwards stays. */
const ONCE = 'martello.io/once'
/** Applied only if this is wanted. */
const NEEDS = 'martello.io/needs'

/** What the blueprints that come with the core are applied with. */
export interface ShippedOptions {
  readonly context: JsonObject
  /** What is wanted beside what every installation has. */
  readonly wanted: ReadonlySet<string>
}

/** Applies the blueprints that come with the core, those that are new or have changed. Returns the names of those applied. */
export async function applyShippedBlueprints(
  ctx: CoreContext,
  { context, wanted }: ShippedOptions,
): Promise<readonly string[]> {
  const applied: string[] = []
  for (const file of shippedFiles()) {
    const known = await instanceOf(ctx, file)
    // What has not changed was decided before, and is not even read.
    if (known?.lastAppliedHash === blueprintHash(file.text)) continue
    const blueprint = parseBlueprint(file.text)
    const needed = blueprint.labels[NEEDS]
    const isDone = known !== undefined && (blueprint.labels[ONCE] === 'true' || !known.enabled)
    if (isDone || (needed !== undefined && !wanted.has(needed))) continue
    await applyShipped(ctx, file, blueprint, context)
    applied.push(blueprint.name)
  }
  return applied
}

async function instanceOf(ctx: CoreContext, { path }: ShippedFile) {
  const [known] = await ctx.db.select().from(blueprintInstances).where(eq(blueprintInstances.path, path))
  return known
}

async function applyShipped(
  ctx: CoreContext,
  { path, text }: ShippedFile,
  blueprint: Blueprint,
  context: JsonObject,
): Promise<void> {
  const state = appliedState(blueprint, text, ctx.clock.now())
  await ctx.db.transaction(async (tx) => {
    await applyBlueprint(ctx, blueprint, context, tx)
    await tx
      .insert(blueprintInstances)
      .values({ name: `Martello - ${blueprint.name}`, path, ...state })
      .onConflictDoUpdate({ target: blueprintInstances.name, set: state })
  })
}
