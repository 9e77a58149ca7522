import type { SQL } from 'drizzle-orm'
import { getTableColumns } from 'drizzle-orm'
import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core'
import type { Database } from '#core/store/database.ts'
import type { Resource } from '#schema/api/resource.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Call, Route } from './route.ts'

/** A row of all the tables of a resource, by the names that the columns have in code. */
export type Row = { readonly [column: string]: unknown }

/** A table of pairs: the resource's key, and the key of what it refers to. */
export interface Link {
  readonly table: PgTable
  readonly own: PgColumn
  readonly other: PgColumn
  /** The pairs are the others' own rows, which name ours: they are pointed here or nowhere, never made or deleted. */
  readonly reverse?: boolean
}

/** What a write did beside writing: a revocation that outposts are to apply. */
export type Effect = { readonly revocation?: number | undefined } | undefined

/** A write that has just been made, inside its transaction: the object before and after it. */
export interface Writing<R extends Row> {
  /** Absent when the object is new. */
  readonly before: R | undefined
  readonly after: R
  /** Keys that are no longer in a linked field. */
  removed(field: string): readonly unknown[]
}

/** A resource's place in the database, and what is special about it. */
export interface Binding<R extends Row = Row> {
  readonly resource: Resource
  /** The base table first; each further one has the same key. */
  readonly tables: readonly PgTable[]
  /** The polymorphic model that this is one kind of. */
  readonly base?: string
  /** The value of the base table's column `kind`: which child table holds the rest. */
  readonly kind?: string
  /** Columns of fields whose name is not the column's. */
  readonly columns?: Readonly<Record<string, string>>
  /** Fields that are kept in a table of pairs. */
  readonly links?: Readonly<Record<string, Link>>
  /** Values that `prepare` makes and that are sealed like secret fields, by field name. */
  readonly sealed?: readonly string[]
  /** Whose row it is: what is theirs, people may see and change without a permission. */
  readonly owner?: PgColumn
  /** Permissions on the same keys that show a row, like the one to view it. */
  readonly shownBy?: readonly string[]
  /** Rows that the API does not know. */
  readonly where?: SQL
  /** Special filters, by name. */
  readonly filters?: Readonly<Record<string, (values: readonly string[], call: Call) => SQL | undefined>>
  /** Nobody else may use it, whatever permissions they hold. */
  readonly superusersOnly?: boolean
  /** Changes nothing that an outpost can depend on. */
  readonly unrecorded?: boolean
  /** Which rows of a page the caller may see, where that is not a matter of permissions. */
  admit?(call: Call, rows: readonly R[]): Promise<readonly R[]>
  /** Completes or refuses what a client sent, before anything is written. */
  prepare?(call: Call, values: JsonObject, before: R | undefined): Promise<JsonObject>
  /** The fields that are no column: one object for each row. */
  represent?(call: Call, rows: readonly R[], db: Database): Promise<readonly JsonObject[]>
  /** What else has to happen in the same transaction. */
  written?(call: Call, db: Database, writing: Writing<R>): Promise<Effect>
  deleting?(call: Call, db: Database, row: R): Promise<Effect>
  /** Custom actions. */
  readonly actions?: readonly Route[]
}

/** The key column of a table. */
export function keyColumn(table: PgTable): PgColumn {
  const column = Object.values(getTableColumns(table)).find(({ primary }) => primary)
  if (column === undefined) throw new TypeError(`${getTableConfig(table).name} has no key column`)
  return column
}

/** The key column of a resource. */
export const keyOf = ({ tables }: Pick<Binding, 'tables'>): PgColumn => keyColumn(tables[0]!)

/** The key of a row, as text. */
export function pkOf(binding: Binding, row: Row): string {
  return String(row[propertyOf(keyOf(binding))])
}

/** The name that a column has in code. */
export function propertyOf(column: PgColumn): string {
  const [property] = Object.entries(getTableColumns(column.table)).find(([, each]) => each === column)!
  return property
}

const camelCase = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** Where a field is stored, undefined if it is computed or linked. */
export function columnOf(binding: Binding, field: string): PgColumn | undefined {
  if (field === 'pk') return keyOf(binding)
  const property = binding.columns?.[field] ?? camelCase(field)
  for (const table of binding.tables) {
    const column = getTableColumns(table)[property] as PgColumn | undefined
    if (column !== undefined) return column
  }
  return undefined
}
