import type { Database } from '#core/store/database.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type Binding, columnOf, keyOf, propertyOf, type Row } from './binding.ts'
import type { Call } from './route.ts'
import { linksOf } from './rows.ts'

/** Rows as clients see them: never a secret, times in ISO 8601, keys of linked objects as lists. */
export async function toWire(
  call: Call,
  binding: Binding,
  rows: readonly Row[],
  db: Database = call.ctx.db,
): Promise<JsonObject[]> {
  const keys = rows.map((row) => row[propertyOf(keyOf(binding))])
  const links = new Map<string, ReadonlyMap<unknown, unknown[]>>()
  for (const [field, link] of Object.entries(binding.links ?? {})) links.set(field, await linksOf(db, link, keys))
  const extra = (await binding.represent?.(call, rows, db)) ?? []
  return rows.map((row, index) => {
    const known: JsonObject = { ...presentationOf(call.registry.concrete(binding, row)), ...extra[index] }
    for (const field of links.keys()) known[field] = links.get(field)!.get(keys[index]) ?? []
    return fieldsOf(binding, row, known)
  })
}

/** The readable fields, in the order of the declaration; what is neither known nor stored, or has no value, is left out. */
function fieldsOf(binding: Binding, row: Row, known: JsonObject): JsonObject {
  const wire: JsonObject = {}
  for (const [name, field] of Object.entries(binding.resource.fields)) {
    if (field.access === 'write-only') continue
    const value = name in known ? known[name] : storedValue(binding, row, name)
    if (value !== undefined && (value !== null || field.nullable))
      wire[name] = value instanceof Date ? value.toISOString() : value
  }
  return wire
}

function storedValue(binding: Binding, row: Row, field: string): unknown {
  const column = columnOf(binding, field)
  return column === undefined ? undefined : row[propertyOf(column)]
}

/** Which form edits an object, and what it is called: on every kind of a polymorphic resource. */
function presentationOf({ resource }: Binding): JsonObject {
  const { model, presentation } = resource
  if (presentation === undefined) return {}
  return {
    component: presentation.component,
    verbose_name: presentation.verboseName,
    verbose_name_plural: presentation.verboseNamePlural,
    meta_model_name: model,
  }
}
