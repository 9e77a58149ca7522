import { eq } from 'drizzle-orm'
import { getTableConfig, type PgColumn } from 'drizzle-orm/pg-core'
import type { CoreContext } from '#core/context.ts'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import { appOf, modelNameOf } from '#schema/api/resource.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type Binding, columnOf, type Effect, keyOf, pkOf, propertyOf, type Row } from './binding.ts'
import { findVisible } from './objects.ts'
import { moveOwnership, ownedName, ownershipsOf } from './owned-objects.ts'
import { type Call, userOf } from './route.ts'
import { deleteRow, insertRow, linksOf, replaceLinks, selectRows, updateRow } from './rows.ts'
import { nameOf } from './used-by.ts'

/** What a write leaves: the row as it is now, and what it did beside. */
export interface Written {
  readonly row: Row
  readonly effect: Effect
}

/**
 * Creates an object: one transaction with its links, what else it causes, its audit event, its change record and, if it
 * is to have an owner, its ownership.
 */
export function create(call: Call, binding: Binding, values: JsonObject, ownership?: JsonObject): Promise<Written> {
  return writing(call, async (tx) => {
    const written = await createIn(tx, call, binding, values)
    if (ownership !== undefined) {
      const owned = { model: binding.resource.model, object: ownedName(binding, written.row) }
      await createIn(tx, call, ownershipsOf(call), { ...ownership, ...owned })
    }
    return written
  })
}

async function createIn(tx: Database, call: Call, binding: Binding, values: JsonObject): Promise<Written> {
  const { stored, sealed } = split(binding, values)
  const key = await insertRow(tx, binding, { ...stored, ...unsealedPlaceholders(binding, sealed) })
  await seal(call.ctx, tx, binding, key, sealed)
  await writeLinks(tx, binding, key, values)
  const after = await rowOf(tx, binding, key)
  const given = Object.keys(values).filter((name) => name in binding.resource.fields)
  const effect = await binding.written?.(call, tx, { before: undefined, after, removed: () => [] })
  await note(call, tx, binding, after, 'created', given)
  return { row: after, effect }
}

/** Changes the object that the path names, locked meanwhile; a NotFoundError if the caller cannot see it (any more). */
export function update(call: Call, binding: Binding, values: JsonObject): Promise<Written> {
  return writing(call, async (tx) => {
    const before = await findVisible(binding, call, { db: tx, lock: true })
    const key = before[propertyOf(keyOf(binding))]
    const linked = await linkedBefore(tx, binding, key)
    const { stored, sealed } = split(binding, values)
    await updateRow(tx, binding, key, stored)
    await seal(call.ctx, tx, binding, key, sealed)
    await writeLinks(tx, binding, key, values)
    const after = await rowOf(tx, binding, key)
    await moveOwnership(tx, binding, before, after)
    const effect = await binding.written?.(call, tx, {
      before,
      after,
      removed: (field) => missingFrom(values[field], linked.get(field) ?? []),
    })
    await note(call, tx, binding, after, 'updated', changedFields(binding, before, after, values))
    return { row: after, effect }
  })
}

/** Deletes the object that the path names, after what it opened was ended; a NotFoundError if it is gone. */
export function destroy(call: Call, binding: Binding): Promise<Effect> {
  return writing(call, async (tx) => {
    const row = await findVisible(binding, call, { db: tx, lock: true })
    const effect = await call.registry.concrete(binding, row).deleting?.(call, tx, row)
    await deleteRow(tx, binding, row[propertyOf(keyOf(binding))])
    await note(call, tx, binding, row, 'deleted', [])
    return effect
  })
}

/** One transaction. What only the database can refuse, because somebody else was quicker, is the client's to correct. */
async function writing<T>({ ctx }: Call, work: (tx: Database) => Promise<T>): Promise<T> {
  try {
    return await ctx.db.transaction(work)
  } catch (error) {
    const problem = REFUSALS[sqlState(error) ?? '']
    throw problem === undefined ? error : new ValidationFailedError({ non_field_errors: [problem] })
  }
}

/** SQLSTATE, PostgreSQL appendix A. */
const REFUSALS: Readonly<Record<string, string>> = {
  23505: 'An object with these values exists already.',
  23503: 'An object that this one refers to does not exist.',
}

function sqlState(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : undefined
}

/** The row with this key, which is known to exist: its absence is a TypeError. */
export async function rowOf(db: Database, binding: Binding, key: unknown): Promise<Row> {
  const [row] = await selectRows(db, binding, { where: eq(keyOf(binding), key), limit: 1 })
  if (row === undefined) throw new TypeError(`${binding.resource.model} ${String(key)} is not there any more`)
  return row
}

/** Tells auditors and outposts of a write. Events name the fields that changed, never a value. */
export async function note(
  call: Call,
  db: Database,
  binding: Binding,
  row: Row,
  action: 'created' | 'updated' | 'deleted',
  changed: readonly string[],
): Promise<void> {
  const { resource, unrecorded } = call.registry.concrete(binding, row)
  const { model } = resource
  const pk = pkOf(binding, row)
  if (unrecorded !== true) await call.ctx.feed.record(db, [{ model, pk, action }])
  const { user } = userOf(call).principal
  await call.ctx.events.record(
    {
      action: `model_${action}`,
      app: appOf(model).replace('authentik_', 'authentik.'),
      user: { pk: user.id, username: user.username, email: user.email },
      clientIp: call.clientIp,
      context: {
        model: { app: appOf(model), model_name: modelNameOf(model), pk, name: nameOf(binding, row) },
        changed: changed.toSorted(),
        http_request: { path: call.req.originalUrl.split('?')[0], method: call.req.method },
      },
    },
    db,
  )
}

/** Values by column; secrets apart, as they are sealed to their row. */
function split(
  binding: Binding,
  values: JsonObject,
): { stored: Record<string, unknown>; sealed: Map<PgColumn, string> } {
  const stored: Record<string, unknown> = {}
  const sealed = new Map<PgColumn, string>()
  for (const [name, value] of Object.entries(values)) {
    const column = columnOf(binding, name)
    if (column === undefined) {
      if (binding.links?.[name] === undefined) stored[name] = value
    } else if (binding.resource.fields[name]?.secret === true || binding.sealed?.includes(name) === true)
      sealed.set(column, typeof value === 'string' ? value : JSON.stringify(value))
    else stored[propertyOf(column)] = value
  }
  return { stored, sealed }
}

/** The key of a row must be known before a secret can be sealed to it. */
const unsealedPlaceholders = (_binding: Binding, sealed: ReadonlyMap<PgColumn, string>): Row =>
  Object.fromEntries([...sealed.keys()].map((column) => [propertyOf(column), '']))

async function seal(
  ctx: CoreContext,
  db: Database,
  binding: Binding,
  key: unknown,
  secrets: ReadonlyMap<PgColumn, string>,
) {
  const values = [...secrets].map(([column, secret]) => [
    propertyOf(column),
    secret === '' ? '' : ctx.keys.seal(secret, sealPlace(column, key)),
  ])
  await updateRow(db, binding, key, Object.fromEntries(values))
}

/** The place that a sealed column of a row is bound to. */
export function sealPlace(column: PgColumn, key: unknown): string {
  return `${getTableConfig(column.table).name}.${column.name}:${String(key)}`
}

async function writeLinks(db: Database, binding: Binding, key: unknown, values: JsonObject): Promise<void> {
  for (const [field, link] of Object.entries(binding.links ?? {}))
    if (Array.isArray(values[field])) await replaceLinks(db, link, key, values[field])
}

async function linkedBefore(db: Database, binding: Binding, key: unknown): Promise<Map<string, readonly unknown[]>> {
  const linked = new Map<string, readonly unknown[]>()
  for (const [field, link] of Object.entries(binding.links ?? {}))
    linked.set(field, (await linksOf(db, link, [key])).get(key) ?? [])
  return linked
}

const missingFrom = (sent: unknown, before: readonly unknown[]): readonly unknown[] =>
  Array.isArray(sent) ? before.filter((each) => !sent.includes(each)) : []

/** What differs; lists and secrets, which are not compared, count as different. */
function changedFields(binding: Binding, before: Row, after: Row, values: JsonObject): string[] {
  const differs = (name: string): boolean => {
    const column = columnOf(binding, name)
    const property = column === undefined ? undefined : propertyOf(column)
    return property === undefined || JSON.stringify(before[property]) !== JSON.stringify(after[property])
  }
  return Object.keys(values).filter(differs)
}
