import type { z } from 'zod'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Field } from './field.ts'
import type { Fields } from './resource.ts'

/** What is wrong, by field; what concerns several is under `non_field_errors`. */
export type FieldErrors = Readonly<Record<string, unknown>>

export type Validated =
  | { readonly kind: 'valid'; readonly values: JsonObject }
  | { readonly kind: 'invalid'; readonly errors: FieldErrors }

/**
 * The values of the writable fields in a request body. Unknown and read-only fields are left out, whatever they say;
 * what is absent stays absent, and is an error for a required field unless the request is `partial`.
 */
export function validate(fields: Fields, body: unknown, { partial = false } = {}): Validated {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return notAnObject(body)
  const values: JsonObject = {}
  const errors: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    if (field.access === 'read-only') continue
    const given: unknown = Object.hasOwn(body, name) ? (body as JsonObject)[name] : undefined
    if (given === undefined) {
      if (field.required && !partial) errors[name] = ['This field is required.']
      continue
    }
    const result = check(field, given)
    if (result.kind === 'valid') values[name] = result.value
    else errors[name] = result.error
  }
  return Object.keys(errors).length === 0 ? { kind: 'valid', values } : { kind: 'invalid', errors }
}

function notAnObject(body: unknown): Validated {
  const type = Array.isArray(body) ? 'list' : body === null ? 'null' : typeof body === 'string' ? 'str' : typeof body
  return { kind: 'invalid', errors: { non_field_errors: [`Invalid data. Expected a dictionary, but got ${type}.`] } }
}

type Checked = { readonly kind: 'valid'; readonly value: unknown } | { readonly kind: 'error'; readonly error: unknown }

function check(field: Field, given: unknown): Checked {
  if (given === null)
    return field.nullable ? { kind: 'valid', value: null } : { kind: 'error', error: ['This field may not be null.'] }
  const parsed = field.type.safeParse(given)
  if (!parsed.success) return { kind: 'error', error: messages(parsed.error.issues, field.reference !== undefined) }
  const isDate = field.kind === 'date-time' && typeof parsed.data === 'string'
  return { kind: 'valid', value: isDate ? new Date(asUtc(parsed.data as string)) : parsed.data }
}

/** A time without a zone is UTC. */
const asUtc = (time: string): string => (/(?:Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`)

/** compat: problems of a list's items are keyed by their position, unless the items are keys of other objects. */
function messages(issues: readonly z.core.$ZodIssue[], isReference: boolean): unknown {
  const own = issues.filter(({ path }) => isReference || path.length === 0)
  if (own.length > 0) return own.map(({ message }) => message)
  const byPosition: Record<string, string[]> = {}
  for (const { path, message } of issues) (byPosition[String(path[0])] ??= []).push(message)
  return byPosition
}
