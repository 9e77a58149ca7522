import { z } from 'zod'
import type { Field } from '#schema/api/field.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** Kinds whose pattern would say less than their name. */
const FORMATS: Readonly<Record<string, JsonObject>> = {
  uuid: { type: 'string', format: 'uuid' },
  'date-time': { type: 'string', format: 'date-time' },
}

/** What a client may send for a field when it is not null, as JSON Schema in the manner of OpenAPI 3.0. */
export function fieldSchema({ type, kind }: Pick<Field, 'type' | 'kind'>): JsonObject {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' })
  return FORMATS[kind] ?? (schema as JsonObject)
}
