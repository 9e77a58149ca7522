import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import { unstorable } from '#schema/api/field.ts'
import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'

/** Rows whose attributes hold everything that the JSON text says; `a__b` stands for `{"a": {"b": …}}`. */
export function attributesFilter(column: PgColumn, text: string): SQL | undefined {
  const wanted = Object.entries(parse(text)).map(([path, value]) => nest(path.split('__'), value))
  const conditions = wanted.map((part) => sql`${column} @> ${JSON.stringify(part)}::jsonb`)
  return conditions.length === 0 ? undefined : sql.join(conditions, sql` and `)
}

function parse(text: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ValidationFailedError({ attributes: ['filter: failed to parse JSON'] })
  }
  if (!isJsonObject(value)) throw new ValidationFailedError({ attributes: ['filter: value must be key:value mapping'] })
  const problem = unstorable(value)
  if (problem !== undefined) throw new ValidationFailedError({ attributes: [problem] })
  return value
}

const nest = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
