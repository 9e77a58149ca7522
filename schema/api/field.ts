import { z } from 'zod'
import { parseDuration } from '#schema/kernel/duration.ts'
import { isUuid } from '#schema/kernel/ids.ts'

/** What happens to the referring object when the one it refers to is deleted. */
export type DeleteAction = 'CASCADE' | 'CASCADE_MANY' | 'SET_NULL'

/** What a field refers to. */
export interface Reference {
  /** `<app>.<model>` of what is referred to. */
  readonly model: string
  readonly onDelete: DeleteAction
  /** A list of keys, kept in a table of its own. */
  readonly many: boolean
}

/** How a value is compared and stored; filters and columns go by it. */
export type FieldKind = 'text' | 'boolean' | 'integer' | 'uuid' | 'date-time' | 'object' | 'list'

/** One property of a resource: everything that is to be known about it, in one value. */
export interface Field {
  /** What a client may send, when it is not null; its error messages are what the client is told. */
  readonly type: z.ZodType
  readonly kind: FieldKind
  readonly access: 'read-write' | 'read-only' | 'write-only'
  readonly required: boolean
  readonly nullable: boolean
  /** No two objects may have the same value; the text is what a client is told. */
  readonly unique: string | undefined
  /** Never returned; sealed where it is stored, unless `storage` says how else. */
  readonly secret: boolean
  readonly reference: Reference | undefined
}

export interface FieldOptions {
  readonly required?: boolean
  readonly nullable?: boolean
  readonly unique?: boolean | string
  readonly readOnly?: boolean
  readonly writeOnly?: boolean
  readonly secret?: boolean
}

function field(kind: FieldKind, type: z.ZodType, options: FieldOptions, reference?: Reference): Field {
  const { required = false, nullable = false, unique = false, readOnly = false, secret = false } = options
  const writeOnly = options.writeOnly ?? secret
  return {
    type,
    kind,
    access: readOnly ? 'read-only' : writeOnly ? 'write-only' : 'read-write',
    required,
    nullable,
    unique: unique === true ? 'This field must be unique.' : unique === false ? undefined : unique,
    secret,
    reference,
  }
}

const NOT_TEXT = 'Not a valid string.'
const BLANK = 'This field may not be blank.'
const NUL = /\u0000/
const NO_NUL = 'Null characters are not allowed.'
const NO_NUMBER = 'A number is out of range.'
const NO_SURROGATES = 'Surrogate characters are not allowed.'

const storable = (type: z.ZodString): z.ZodString =>
  type.refine((value) => !NUL.test(value), NO_NUL).refine((value) => value.isWellFormed(), NO_SURROGATES)

export interface TextOptions extends FieldOptions {
  readonly max?: number
  /** Whether it may be empty; by default only what is not required may. */
  readonly blank?: boolean
  /** Kept with the blanks around it: programs, keys, certificates. */
  readonly verbatim?: boolean
  readonly check?: (value: string) => string | undefined
  /** The form in which the text is kept. */
  readonly canonical?: (value: string) => string
}

/** A text; never with NUL in it, which PostgreSQL cannot store. */
export function text(options: TextOptions = {}): Field {
  let type = storable(z.string({ error: NOT_TEXT }))
  if (options.verbatim !== true) type = type.trim()
  if (options.canonical !== undefined) type = type.overwrite(options.canonical)
  if (!(options.blank ?? options.required !== true)) type = type.min(1, BLANK)
  if (options.max !== undefined)
    type = type.max(options.max, `Ensure this field has no more than ${options.max} characters.`)
  return field('text', options.check === undefined ? type : checked(type, options.check), options)
}

function checked<T>(type: z.ZodType<T>, check: (value: T) => string | undefined): z.ZodType<T> {
  return type.superRefine((value, context) => {
    const problem = value === '' ? undefined : check(value)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })
}

const SLUG = /^[-a-zA-Z0-9_]+$/
/** A text that can stand in a path as it is. */
export const slug = (options: TextOptions = {}): Field =>
  text({
    ...options,
    check: (value) =>
      SLUG.test(value) ? undefined : 'Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.',
  })

const EMAIL = /^[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+$/
/** An e-mail address, or nothing. */
export const email = (options: TextOptions = {}): Field =>
  text({ ...options, max: 254, check: (value) => (EMAIL.test(value) ? undefined : 'Enter a valid email address.') })

/** An absolute URL without blanks, with one of these schemes, or nothing. */
export const url = (schemes: readonly string[], options: TextOptions = {}): Field =>
  text({ ...options, check: (value) => (hasScheme(value, schemes) ? undefined : 'Enter a valid URL.') })

function hasScheme(value: string, schemes: readonly string[]): boolean {
  const parsed = /\s/.test(value) ? null : URL.parse(value)
  return parsed !== null && schemes.includes(parsed.protocol.slice(0, -1))
}

/** `hours=1;minutes=5`. */
export const duration = (options: TextOptions = {}): Field =>
  text({
    ...options,
    check: (value) => (isDuration(value) ? undefined : `${value} is not in the correct format of 'hours=3;minutes=1'.`),
  })

function isDuration(value: string): boolean {
  try {
    return Number.isFinite(parseDuration(value))
  } catch {
    return false
  }
}

/** True or false, and nothing that only looks like it. */
export const flag = (options: FieldOptions = {}): Field =>
  field('boolean', z.boolean({ error: 'Must be a valid boolean.' }), options)

const INT32 = 2 ** 31
/** A whole number of 32 bits, as the database has it. */
export function integer(options: FieldOptions & { readonly min?: number; readonly max?: number } = {}): Field {
  const { min = -INT32, max = INT32 - 1 } = options
  const type = z
    .int({ error: 'A valid integer is required.' })
    .min(min, `Ensure this value is greater than or equal to ${min}.`)
    .max(max, `Ensure this value is less than or equal to ${max}.`)
  return field('integer', type, options)
}

const oneOf = (values: readonly string[]): z.ZodType =>
  z.enum(values as [string, ...string[]], {
    error: ({ input }) => `"${typeof input === 'string' ? input : JSON.stringify(input)}" is not a valid choice.`,
  })

/** One of the given texts. */
export const choice = (values: readonly string[], options: FieldOptions = {}): Field =>
  field('text', oneOf(values), options)

const LIMIT = 10_000
const listOf = <T>(items: z.ZodType<T>, empty: boolean): z.ZodType<readonly T[]> => {
  const list = z
    .array(items, { error: ({ input }) => `Expected a list of items but got type "${typeOf(input)}".` })
    .max(LIMIT, `Ensure this field has no more than ${LIMIT} elements.`)
  return empty ? list : list.min(1, 'This list may not be empty.')
}

/** Several of the given texts. */
export const choices = (values: readonly string[], options: FieldOptions = {}): Field =>
  field('list', listOf(oneOf(values), true), options)

/** Any texts. */
export function texts(
  options: FieldOptions & { readonly check?: (values: readonly string[]) => string | undefined } = {},
): Field {
  const type = listOf(z.string({ error: NOT_TEXT }), true)
  const { check } = options
  return field('list', check === undefined ? type : checked(type, check), options)
}

/** Keys of things that no table here holds. */
export const uuids = (options: FieldOptions = {}): Field =>
  field('list', listOf(z.guid({ error: 'Must be a valid UUID.' }), true), options)

/** An object with any keys. */
export const json = (options: FieldOptions = {}): Field =>
  shaped(
    'object',
    z.record(z.string(), z.unknown(), { error: 'Value must be a dictionary, and not have any duplicate keys.' }),
    options,
  )

/** A value of a shape that is declared elsewhere. */
export function shaped(kind: FieldKind, shape: z.ZodType, options: FieldOptions = {}): Field {
  const type = shape.superRefine((value, context) => {
    const problem = unstorable(value)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })
  return field(kind, type, options)
}

/** What is wrong with a value that PostgreSQL takes in no text, not even inside JSON, or that JSON has no number for. */
export function unstorable(value: unknown): string | undefined {
  if (typeof value === 'string') return NUL.test(value) ? NO_NUL : value.isWellFormed() ? undefined : NO_SURROGATES
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : NO_NUMBER
  if (typeof value !== 'object' || value === null) return undefined
  for (const part of [...Object.keys(value), ...Object.values(value)]) {
    const problem = unstorable(part)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Any value, computed by the server. */
export const computed = (type: z.ZodType, options: { readonly nullable?: boolean } = {}): Field =>
  field('object', type, { ...options, readOnly: true })

const DATE =
  'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].'
/** A time in ISO 8601; without a zone it is UTC. */
export const dateTime = (options: FieldOptions = {}): Field =>
  field('date-time', z.iso.datetime({ offset: true, local: true, error: DATE }), options)

/** A key of this kind. */
export const uuid = (options: FieldOptions = {}): Field =>
  field('uuid', z.guid({ error: 'Must be a valid UUID.' }), options)

const keyOf = (kind: 'uuid' | 'integer'): z.ZodType =>
  kind === 'uuid'
    ? z.string({ error: NOT_TEXT }).refine(isUuid, { error: ({ input }) => `“${String(input)}” is not a valid UUID.` })
    : z.int({ error: ({ input }) => `Incorrect type. Expected pk value, received ${typeOf(input)}.` })

export interface ReferenceOptions extends FieldOptions {
  readonly key?: 'uuid' | 'integer'
  readonly onDelete?: DeleteAction
}

/** The key of another object. */
export function reference(model: string, options: ReferenceOptions = {}): Field {
  const { key = 'uuid', onDelete = options.nullable === true ? 'SET_NULL' : 'CASCADE' } = options
  return field(key, keyOf(key), options, { model, onDelete, many: false })
}

/** The keys of any number of other objects. */
export function references(model: string, options: ReferenceOptions & { readonly empty?: boolean } = {}): Field {
  const { key = 'uuid', empty = true } = options
  const reference: Reference = { model, onDelete: 'CASCADE_MANY', many: true }
  return field('list', listOf(keyOf(key), empty), options, reference)
}

/** compat: the names that clients of the API know the types of JSON by. */
function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'list'
  const names: Readonly<Record<string, string>> = { string: 'str', boolean: 'bool', object: 'dict' }
  return names[typeof value] ?? (Number.isInteger(value) ? 'int' : 'float')
}
