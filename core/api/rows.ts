import { and, eq, getTableColumns, inArray, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Database } from '#core/store/database.ts'
import { type Binding, keyColumn, keyOf, type Link, propertyOf, type Row } from './binding.ts'

/** Which rows of a resource, in which order. */
export interface Window {
  readonly where?: SQL | undefined
  readonly order?: readonly SQL[]
  readonly limit?: number
  readonly offset?: number
  /** Keeps the rows as they are until the transaction ends. */
  readonly lock?: boolean
}

/** Rows of all the tables of a resource, joined by their key. */
export async function selectRows(db: Database, binding: Binding, window: Window): Promise<readonly Row[]> {
  const [base, ...children] = binding.tables
  const columns = Object.assign({}, ...binding.tables.toReversed().map((table) => getTableColumns(table)))
  let query = db
    .select(columns as Record<string, PgColumn>)
    .from(base!)
    .$dynamic()
  for (const child of children) query = query.innerJoin(child, eq(keyColumn(child), keyColumn(base!)))
  query = query.where(and(window.where, binding.where)).orderBy(...(window.order ?? []))
  if (window.limit !== undefined) query = query.limit(window.limit)
  if (window.offset !== undefined) query = query.offset(window.offset)
  if (window.lock === true) query = query.for('update')
  return query
}

/** How many rows of a resource a condition leaves. */
export async function countRows(db: Database, binding: Binding, where: SQL | undefined): Promise<number> {
  const [base, ...children] = binding.tables
  let query = db.select({ count: sql<number>`count(*)::int` }).from(base!).$dynamic()
  for (const child of children) query = query.innerJoin(child, eq(keyColumn(child), keyColumn(base!)))
  const [row] = await query.where(and(where, binding.where))
  return row?.count ?? 0
}

/** Writes a row into each table of a resource, with one key, which is returned. */
export async function insertRow(db: Database, binding: Binding, values: Row): Promise<unknown> {
  const [base, ...children] = binding.tables
  const own = only(base!, binding.kind === undefined ? values : { ...values, kind: binding.kind })
  const returned = await db
    .insert(base!)
    .values(own)
    .returning({ key: keyColumn(base!) })
  const key = returned[0]!.key
  for (const child of children)
    await db.insert(child).values({ ...only(child, values), [propertyOf(keyColumn(child))]: key })
  return key
}

/** Writes the given columns where they are; the others stay. */
export async function updateRow(db: Database, binding: Binding, key: unknown, values: Row): Promise<void> {
  for (const table of binding.tables) {
    const own = only(table, values)
    if (Object.keys(own).length > 0)
      await db
        .update(table)
        .set(own)
        .where(eq(keyColumn(table), key))
  }
}

/** Deletes a row of the base table; the tables that share its key lose theirs by cascade. */
export async function deleteRow(db: Database, binding: Binding, key: unknown): Promise<void> {
  await db.delete(binding.tables[0]!).where(eq(keyOf(binding), key))
}

/** The values that are columns of this table. */
function only(table: Parameters<typeof keyColumn>[0], values: Row): Row {
  const columns = getTableColumns(table)
  return Object.fromEntries(Object.entries(values).filter(([name]) => name in columns))
}

/** What rows refer to through a table of pairs, by the row's key. */
export async function linksOf(db: Database, { table, own, other }: Link, keys: readonly unknown[]) {
  const linked = new Map<unknown, unknown[]>()
  if (keys.length === 0) return linked
  const pairs = await db.select({ own, other }).from(table).where(inArray(own, keys)).orderBy(other)
  for (const pair of pairs) linked.set(pair.own, [...(linked.get(pair.own) ?? []), pair.other])
  return linked
}

/** Makes a row refer to exactly these others. */
export async function replaceLinks(
  db: Database,
  { table, own, other, reverse }: Link,
  key: unknown,
  others: readonly unknown[],
) {
  if (reverse === true) {
    await db
      .update(table)
      .set({ [propertyOf(own)]: null })
      .where(eq(own, key))
    if (others.length > 0)
      await db
        .update(table)
        .set({ [propertyOf(own)]: key })
        .where(inArray(other, [...others]))
    return
  }
  await db.delete(table).where(eq(own, key))
  const pairs = [...new Set(others)].map((each) => ({ [propertyOf(own)]: key, [propertyOf(other)]: each }))
  if (pairs.length > 0) await db.insert(table).values(pairs)
}
