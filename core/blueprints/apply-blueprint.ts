import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { type Binding, columnOf, keyOf, propertyOf, type Row } from '#core/api/binding.ts'
import { checkedValues } from '#core/api/checks.ts'
import type { Call } from '#core/api/route.ts'
import { selectRows } from '#core/api/rows.ts'
import { systemCall } from '#core/api/system-call.ts'
import { create, destroy, update } from '#core/api/write.ts'
import type { CoreContext } from '#core/context.ts'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import { inTurn } from '#core/store/in-turn.ts'
import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'
import { BlueprintError } from './blueprint-error.ts'
import { differing } from './differing.ts'
import { resolve, type Surroundings } from './resolve.ts'
import { splitSecrets, writeSecrets } from './secret-attributes.ts'
import { parseTree, type Tree } from './tree.ts'

/** What an entry wants of its object: to be as said, to be there, not to have been there, not to be there. */
const STATES = ['present', 'created', 'must_created', 'absent'] as const

const blueprintShape = z.object({
  version: z.literal(1),
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  context: z.custom<JsonObject>().optional(),
  entries: z.array(
    z.object({
      model: z.string(),
      id: z.string().optional(),
      state: z.enum(STATES).default('present'),
      conditions: z.array(z.custom<Tree>()).default([]),
      identifiers: z.custom<Tree>(),
      attrs: z.custom<Tree>().optional(),
    }),
  ),
})
type Entry = z.infer<typeof blueprintShape>['entries'][number]

/** A blueprint that was read, and not applied; tags in it are not resolved yet. */
export interface Blueprint {
  readonly name: string
  readonly entries: readonly Entry[]
  readonly context: JsonObject
  readonly labels: Readonly<Record<string, string>>
}

/** Reads a blueprint without applying it; a BlueprintError says what is wrong with it. */
export function parseBlueprint(text: string): Blueprint {
  const parsed = blueprintShape.safeParse(parseTree(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new BlueprintError(`${issue?.path.join('.') || 'blueprint'}: ${issue?.message}`)
  }
  const { metadata, entries, context = {} } = parsed.data
  return { name: metadata.name, labels: metadata.labels ?? {}, entries, context }
}

/**
 * Applies every entry, or none: all of it is one transaction (the caller's, when `within` is given), and no replica
 * applies another blueprint beside it. What is as the blueprint says already is not written.
 */
export async function applyBlueprint(
  ctx: CoreContext,
  blueprint: Blueprint,
  context: JsonObject,
  within: Database = ctx.db,
): Promise<void> {
  await inTurn(within, 'blueprint', async (tx) => {
    const call = systemCall(ctx, tx, `blueprints/${blueprint.name}`)
    const keys = new Map<string, unknown>()
    const surroundings: Surroundings = {
      context: { ...blueprint.context, ...context },
      keys,
      find: async (model, conditions) => {
        const binding = bindingOf(call, model)
        const row = await findRow(call, binding, conditions)
        return row === undefined ? undefined : row[propertyOf(keyOf(binding))]
      },
    }
    for (const [index, entry] of blueprint.entries.entries()) {
      try {
        const key = await applyEntry(call, entry, surroundings)
        if (entry.id !== undefined && key !== undefined) keys.set(entry.id, key)
      } catch (error) {
        throw explained(error, index, entry.model)
      }
    }
  })
}

/** The key of the entry's object; undefined when it is absent, or not wanted under these conditions. */
async function applyEntry(call: Call, entry: Entry, surroundings: Surroundings): Promise<unknown> {
  for (const condition of entry.conditions) if (!(await resolve(condition, surroundings))) return undefined
  const binding = bindingOf(call, entry.model)
  const identifiers = await resolve(entry.identifiers, surroundings)
  const attributes = (await resolve(entry.attrs ?? {}, surroundings)) ?? {}
  if (!isJsonObject(identifiers) || !isJsonObject(attributes) || Object.keys(identifiers).length === 0)
    throw new BlueprintError('identifiers and attrs are maps, and identifiers are not empty')
  const existing = await findRow(call, binding, new Map(Object.entries(identifiers)))
  const own = existing?.[propertyOf(keyOf(binding))]
  const onIt = existing === undefined ? call : { ...call, params: pathOf(binding, existing) }
  if (entry.state === 'absent') {
    if (existing !== undefined) await destroy(onIt, binding)
    return undefined
  }
  if (existing !== undefined && entry.state === 'must_created') throw new BlueprintError('the object exists already')
  if (existing !== undefined && entry.state === 'created') return own
  const { plain, secrets } = splitSecrets(entry.model, { ...identifiers, ...attributes })
  const values = await checkedValues(call, binding, plain, { partial: existing !== undefined, own })
  const prepared = (await binding.prepare?.(onIt, values, existing)) ?? values
  const key = await write(onIt, binding, prepared, existing)
  await writeSecrets(call.ctx, { model: entry.model, key, isNew: existing === undefined }, secrets)
  return key
}

/** The key of the object, made or brought to these values. */
async function write(call: Call, binding: Binding, values: JsonObject, existing: Row | undefined): Promise<unknown> {
  const keyIn = (row: Row) => row[propertyOf(keyOf(binding))]
  if (existing === undefined) return keyIn((await create(call, binding, values)).row)
  const changed = await differing(call, binding, existing, values)
  if (Object.keys(changed).length > 0) await update(call, binding, changed)
  return keyIn(existing)
}

function bindingOf(call: Call, model: string): Binding {
  const binding = call.registry.of(model)
  if (binding === undefined) throw new BlueprintError(`unknown model ${model}`)
  return binding
}

/** How a path would name the row. */
function pathOf(binding: Binding, row: Row): Record<string, string> {
  const { parameter, field } = binding.resource.key
  const column = columnOf(binding, field)
  return { [parameter]: column === undefined ? '' : String(row[propertyOf(column)]) }
}

async function findRow(
  call: Call,
  binding: Binding,
  conditions: ReadonlyMap<string, unknown>,
): Promise<Row | undefined> {
  const where = [...conditions].map(([field, value]) => {
    const column = columnOf(binding, field)
    if (column === undefined) throw new BlueprintError(`${binding.resource.model} has no column for ${field}`)
    return eq(column, value)
  })
  const rows = await selectRows(call.ctx.db, binding, { where: and(...where), limit: 2 })
  if (rows.length > 1) throw new BlueprintError(`more than one ${binding.resource.model} matches`)
  return rows[0]
}

function explained(error: unknown, index: number, model: string): unknown {
  const where = `entry ${index + 1} (${model})`
  if (error instanceof ValidationFailedError)
    return new BlueprintError(
      `${where}: ${Object.entries(error.fields)
        .map(([field, problem]) => `${field}: ${String(problem)}`)
        .join('; ')}`,
    )
  if (error instanceof BlueprintError) return new BlueprintError(`${where}: ${error.detail}`)
  return new BlueprintError(`${where} could not be written`, { cause: error })
}
