import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { CoreContext } from '#core/context.ts'
import { blueprintInstances } from '#core/store/tables/system.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { applyBlueprint, parseBlueprint } from './apply-blueprint.ts'

const FOLDER = join(import.meta.dirname, 'shipped')
/** Applied at the first start only: what people change afterwards stays. */
const ONCE = 'martello.io/once'
/** Applied only if this is wanted. */
const NEEDS = 'martello.io/needs'

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
  for (const path of readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .sort()) {
    const text = readFileSync(join(FOLDER, path), 'utf8')
    const blueprint = parseBlueprint(text)
    const needed = blueprint.labels[NEEDS]
    if (needed !== undefined && !wanted.has(needed)) continue
    const hash = createHash('sha512').update(text).digest('hex')
    const [known] = await ctx.db.select().from(blueprintInstances).where(eq(blueprintInstances.path, path))
    const isDone = known !== undefined && (known.lastAppliedHash === hash || blueprint.labels[ONCE] === 'true')
    if (isDone || known?.enabled === false) continue
    await ctx.db.transaction(async (tx) => {
      await applyBlueprint(ctx, blueprint, context, tx)
      const state = {
        status: 'successful',
        lastApplied: new Date(ctx.clock.now()),
        lastAppliedHash: hash,
        metadata: { name: blueprint.name, labels: blueprint.labels },
      }
      const values = {
        name: `Martello - ${blueprint.name}`,
        path,
        managedModels: [...new Set(blueprint.entries.map((entry) => entry.model))],
        ...state,
      }
      await tx
        .insert(blueprintInstances)
        .values(values)
        .onConflictDoUpdate({ target: blueprintInstances.name, set: state })
    })
    applied.push(blueprint.name)
  }
  return applied
}
