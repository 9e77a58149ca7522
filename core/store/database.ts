import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'

/** The query interface that both engines give; a transaction has the same type. */
export type Database = PgDatabase<PgQueryResultHKT>
