import { asc, desc, eq, ilike, inArray, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { NotFoundError, ValidationFailedError } from '#core/http/http-errors.ts'
import type { FilterType, Resource } from '#schema/api/resource.ts'
import { isUuid } from '#schema/kernel/ids.ts'
import { type Binding, columnOf, keyColumn, keyOf } from './binding.ts'
import type { Registry } from './registry.ts'
import type { Call } from './route.ts'

const DEFAULT_PAGE_SIZE = 100
const MAX_PAGE_SIZE = 1_000
const MAX_WORDS = 16

/** The page that a list asks for; the size is capped. */
export interface Paging {
  readonly page: number | 'last'
  readonly size: number
}

/** compat: a size that is no number is the default, a page that is none is not found. */
export function pagingOf(query: URLSearchParams): Paging {
  const asked = Number(query.get('page_size') ?? DEFAULT_PAGE_SIZE)
  const size = Number.isInteger(asked) && asked > 0 ? Math.min(asked, MAX_PAGE_SIZE) : DEFAULT_PAGE_SIZE
  const page = query.get('page') ?? '1'
  if (page === 'last') return { page, size }
  if (!/^\d{1,9}$/.test(page) || Number(page) < 1) throw new NotFoundError('Invalid page.')
  return { page: Number(page), size }
}

/** The envelope's numbers; 0 is "none". A page past the end is not found. */
export function pagination(count: number, { page, size }: Paging) {
  const total = Math.max(1, Math.ceil(count / size))
  const current = page === 'last' ? total : page
  if (current > total) throw new NotFoundError('Invalid page.')
  return {
    next: current < total ? current + 1 : 0,
    previous: current - 1,
    count,
    current,
    total_pages: total,
    start_index: count === 0 ? 0 : (current - 1) * size + 1,
    end_index: Math.min(count, current * size),
  }
}

/** What the query's filters and search words leave. */
export function narrowing(binding: Binding, call: Call): SQL[] {
  const { resource } = binding
  const conditions: Array<SQL | undefined> = []
  for (const name of new Set(call.query.keys())) {
    const values = call.query.getAll(name).filter((value) => value !== '')
    if (values.length === 0) continue
    if (name in resource.specialFilters) {
      const valid = checked(name, values, resource.specialFilters[name]!)
      if (valid.length > 0) conditions.push(binding.filters?.[name]?.(valid, call))
    } else if (resource.filters.includes(name)) conditions.push(fieldFilter(call.registry, binding, name, values))
  }
  const words = (call.query.get('search') ?? '').split(/\s+/).filter((word) => word !== '')
  for (const word of words.slice(0, MAX_WORDS)) conditions.push(matches(call.registry, binding, word))
  return conditions.filter((condition) => condition !== undefined)
}

/** compat: a boolean that is none is ignored, other values that cannot be are refused by the filter's name. */
function checked(name: string, values: readonly string[], type: FilterType): readonly string[] {
  if (type === 'boolean') return values.slice(-1).filter((value) => /^(?:true|false)$/i.test(value))
  const wrong = values.find((value) => !FILTER_FORMS[type].valid(value))
  if (wrong !== undefined) throw new ValidationFailedError({ [name]: [FILTER_FORMS[type].message(wrong)] })
  return type.endsWith('s') ? values : values.slice(-1)
}

const UUID_FORM = { valid: isUuid, message: () => 'Enter a valid UUID.' }
const INTEGER_FORM = { valid: (value: string) => /^-?\d{1,9}$/.test(value), message: () => 'Enter a number.' }
const ANY_FORM = { valid: (value: string) => !value.includes('\0'), message: () => 'Null characters are not allowed.' }
const CHOICE = (value: string) => `Select a valid choice. ${value} is not one of the available choices.`
const FILTER_FORMS: Readonly<
  Record<Exclude<FilterType, 'boolean'>, { valid(v: string): boolean; message(v: string): string }>
> = {
  uuid: UUID_FORM,
  uuids: { valid: isUuid, message: CHOICE },
  integer: INTEGER_FORM,
  integers: { valid: INTEGER_FORM.valid, message: CHOICE },
  text: ANY_FORM,
  texts: ANY_FORM,
}

/** `field`, `field__iexact`, `field__icontains`, `field__isnull`, or the same of a field that is referred to. */
function fieldFilter(registry: Registry, binding: Binding, name: string, values: readonly string[]): SQL | undefined {
  const { column, lookup, through } = locate(registry, binding, name)
  const condition = compare(name, column, lookup, values)
  return condition === undefined || through === undefined ? condition : through(condition)
}

interface Located {
  readonly column: PgColumn
  readonly lookup: string
  /** Turns a condition on a referred-to row into one on our own. */
  readonly through?: (condition: SQL) => SQL
}

function locate(registry: Registry, binding: Binding, name: string): Located {
  const parts = name.split('__')
  const lookup = ['iexact', 'icontains', 'isnull'].includes(parts.at(-1)!) ? parts.pop()! : 'exact'
  const [field, related] = parts as [string, string | undefined]
  const own = columnOf(binding, field)
  if (own === undefined) throw new TypeError(`${binding.resource.path}: no column for the filter ${name}`)
  const reference = binding.resource.fields[field]?.reference
  if (related === undefined || reference === undefined) return { column: own, lookup }
  const target = registry.of(reference.model)
  const column = target === undefined ? undefined : columnOf(target, related)
  if (column === undefined) throw new TypeError(`${binding.resource.path}: no column for the filter ${name}`)
  return {
    column,
    lookup,
    through: (condition) =>
      sql`${own} in (select ${keyColumn(column.table as PgTable)} from ${column.table} where ${condition})`,
  }
}

function compare(name: string, column: PgColumn, lookup: string, values: readonly string[]): SQL | undefined {
  const value = values.at(-1)!
  if (lookup === 'isnull')
    return /^true$/i.test(value) ? isNull(column) : /^false$/i.test(value) ? isNotNull(column) : undefined
  if (lookup === 'icontains') return ilike(sql`${column}::text`, `%${literal(value)}%`)
  if (lookup === 'iexact') return ilike(sql`${column}::text`, literal(value))
  switch (column.dataType) {
    case 'boolean':
      return /^(?:true|false)$/i.test(value) ? eq(column, /^true$/i.test(value)) : undefined
    case 'number':
      return eq(column, Number(checked(name, [value], 'integer')[0]))
    case 'date':
      return eq(column, dateOf(name, value))
    default:
      if (column.getSQLType() === 'uuid') return eq(column, checked(name, [value], 'uuid')[0])
      return inArray(column, checked(name, values, 'texts') as string[])
  }
}

function dateOf(name: string, value: string): Date {
  const date = new Date(value)
  if (Number.isNaN(date.getTime())) throw new ValidationFailedError({ [name]: ['Enter a valid date/time.'] })
  return date
}

/** A text that ILIKE takes as it is. */
const literal = (text: string): string => text.replaceAll(/[\\%_]/g, '\\$&')

function matches(registry: Registry, binding: Binding, word: string): SQL | undefined {
  const { search } = binding.resource
  const pattern = `%${literal(word.replaceAll('\0', ''))}%`
  return or(
    ...search.map((name) => {
      const { column, through } = locate(registry, binding, name)
      const condition = ilike(sql`${column}::text`, pattern)
      return through === undefined ? condition : through(condition)
    }),
  )
}

/** What a list is ordered by: known fields only, then the key, so that pages never overlap. */
export function orderOf(binding: Binding, query: URLSearchParams): SQL[] {
  const asked = (query.get('ordering') ?? '').split(',').filter((name) => isOrderable(binding, name.replace(/^-/, '')))
  const names = asked.length > 0 ? asked : binding.resource.order
  const columns = names.map((name) => {
    const column = columnOf(binding, name.replace(/^-/, ''))!
    return name.startsWith('-') ? desc(column) : asc(column)
  })
  return [...columns, asc(keyOf(binding))]
}

function isOrderable(binding: Binding, name: string): boolean {
  const field: Resource['fields'][string] | undefined = Object.hasOwn(binding.resource.fields, name)
    ? binding.resource.fields[name]
    : undefined
  if (field === undefined || field.access === 'write-only' || field.kind === 'object' || field.kind === 'list')
    return false
  return columnOf(binding, name) !== undefined
}

/** Fields that a list may be ordered by. */
export function orderableFields(binding: Binding): string[] {
  return Object.keys(binding.resource.fields).filter((name) => isOrderable(binding, name))
}

/** A filter for rows whose key is the own side of a pair whose other side is wanted. */
export function linkedTo(binding: Binding, own: PgColumn, condition: SQL): SQL {
  return sql`${keyOf(binding)} in (select ${own} from ${own.table} where ${condition})`
}
