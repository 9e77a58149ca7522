import { and, eq, inArray, ne } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { type FieldErrors, ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import type { Field } from '#schema/api/field.ts'
import type { Fields } from '#schema/api/resource.ts'
import { validate } from '#schema/api/validate.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type Binding, columnOf, keyOf } from './binding.ts'
import { keyValue } from './objects.ts'
import type { Call } from './route.ts'

/** The values that a client sent, or a ValidationFailedError that names everything wrong with them at once. */
export async function checkedValues(
  call: Call,
  binding: Binding,
  body: unknown,
  options: { readonly partial: boolean; readonly own: unknown },
): Promise<JsonObject> {
  const { fields } = binding.resource
  const result = validate(fields, body ?? {}, { partial: options.partial })
  const errors: Record<string, FieldErrors[string]> =
    result.kind === 'invalid' ? { ...(result.errors as FieldErrors) } : {}
  const values = result.kind === 'valid' ? result.values : validPart(fields, body)
  for (const [name, value] of Object.entries(values)) {
    if (value === null || name in errors) continue
    const problem = await stored(call, binding, name, fields[name]!, value, options.own)
    if (problem !== undefined) errors[name] = [problem]
  }
  if (Object.keys(errors).length > 0) throw new ValidationFailedError(errors)
  return values
}

/** Those values that are right by themselves, so that what is wrong with them elsewhere is told in the same answer. */
function validPart(fields: Binding['resource']['fields'], body: unknown): JsonObject {
  const values: JsonObject = {}
  for (const [name, field] of Object.entries(fields)) {
    const result = validate({ [name]: field }, body, { partial: true })
    if (result.kind === 'valid') Object.assign(values, result.values)
  }
  return values
}

/** What is wrong with a value in view of what is stored: it refers to nothing, or another object has it. */
async function stored(
  call: Call,
  binding: Binding,
  name: string,
  field: Field,
  value: unknown,
  own: unknown,
): Promise<string | undefined> {
  const { db } = call.ctx
  if (field.reference !== undefined) {
    const { key } = call.registry.target(field.reference.model)
    const missing = await firstMissing(db, key, Array.isArray(value) ? value : [value])
    if (missing !== undefined) return `Invalid pk "${String(missing)}" - object does not exist.`
  }
  const column = columnOf(binding, name)
  const taken = field.unique !== undefined && column !== undefined && (await isTaken(db, column, value, own))
  return taken ? field.unique : undefined
}

async function firstMissing(db: Database, key: PgColumn, wanted: readonly unknown[]): Promise<unknown> {
  if (wanted.length === 0) return undefined
  const possible = wanted.map((each) => keyValue(key, String(each))).filter((each) => each !== undefined)
  const rows = await db.select({ key }).from(key.table).where(inArray(key, possible))
  const found = new Set(rows.map((row) => String(row.key)))
  return wanted.find((each) => !found.has(String(each).toLowerCase()))
}

async function isTaken(db: Database, column: PgColumn, value: unknown, own: unknown): Promise<boolean> {
  const key = keyOf({ tables: [column.table as Binding['tables'][number]] })
  const other = own === undefined ? undefined : ne(key, own)
  const rows = await db
    .select({ key })
    .from(column.table)
    .where(and(eq(column, value), other))
    .limit(1)
  return rows.length > 0
}

/** The values of an action's body; a ValidationFailedError names what is wrong. */
export async function actionBody(call: Call, fields: Fields): Promise<JsonObject> {
  const result = validate(fields, (await call.body()) ?? {})
  if (result.kind === 'invalid') throw new ValidationFailedError(result.errors as FieldErrors)
  return result.values
}
