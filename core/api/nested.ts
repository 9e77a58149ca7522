import { inArray } from 'drizzle-orm'
import type { Database } from '#core/store/database.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { keyOf, propertyOf } from './binding.ts'
import type { Call } from './route.ts'
import { selectRows } from './rows.ts'
import { toWire } from './wire.ts'

/** Objects of another resource as they appear inside one of ours, by key; `fields` keeps only those. */
export async function nested(
  call: Call,
  db: Database,
  model: string,
  keys: Iterable<unknown>,
  fields?: readonly string[],
): Promise<ReadonlyMap<unknown, JsonObject>> {
  const binding = call.registry.of(model)
  if (binding === undefined) throw new TypeError(`no resource for ${model}`)
  const wanted = [...new Set(keys)].filter((key) => key !== null && key !== undefined)
  if (wanted.length === 0) return new Map()
  const rows = await selectRows(db, binding, { where: inArray(keyOf(binding), wanted) })
  const wires = await toWire(call, binding, rows, db)
  const property = propertyOf(keyOf(binding))
  return new Map(
    rows.map((row, index) => [row[property], fields === undefined ? wires[index]! : pick(wires[index]!, fields)]),
  )
}

const pick = (object: JsonObject, fields: readonly string[]): JsonObject =>
  Object.fromEntries(fields.filter((field) => field in object).map((field) => [field, object[field]]))
