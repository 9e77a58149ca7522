import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Database } from './database.ts'
import { inTurn } from './in-turn.ts'
import type { DatabaseHandle } from './open-database.ts'
import { SchemaUnknownError } from './store-errors.ts'
import { settings } from './tables/system.ts'

const FOLDER = join(import.meta.dirname, 'migrations')

interface Migration {
  readonly name: string
  readonly checksum: string
  readonly statements: readonly string[]
}

/**
 * Brings the schema to this version, each migration in its own transaction, under a lock that all replicas share, and
 * gives a new installation its `install_id`. A schema with migrations that this version does not know, or has changed
 * since, is a SchemaUnknownError before anything is touched.
 */
export async function migrate({ db }: Pick<DatabaseHandle, 'db'>, log: Logger, folder = FOLDER): Promise<void> {
  const migrations = readMigrations(folder)
  await inTurn(db, 'migration', (tx) =>
    tx.execute(sql`CREATE TABLE IF NOT EXISTS schema_migrations (
      name text PRIMARY KEY, checksum text NOT NULL, applied timestamptz NOT NULL DEFAULT now())`),
  )
  for (const migration of migrations) {
    const applied = await inTurn(db, 'migration', async (tx) => {
      if (await isApplied(tx, migration, migrations)) return false
      for (const statement of migration.statements) await tx.execute(sql.raw(statement))
      await tx.execute(
        sql`INSERT INTO schema_migrations (name, checksum) VALUES (${migration.name}, ${migration.checksum})`,
      )
      return true
    })
    if (applied) log.info('schema migration applied', { migration: migration.name })
  }
  await db.insert(settings).values({ key: 'install_id', value: randomUUID() }).onConflictDoNothing()
}

function readMigrations(folder: string): readonly Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n')
      return {
        name,
        checksum: createHash('sha256').update(text).digest('hex'),
        statements: text.split('--> statement-breakpoint'),
      }
    })
}

/** Whether the migration is in the journal, after checking that the whole journal is ours. */
async function isApplied(tx: Database, { name }: Migration, known: readonly Migration[]): Promise<boolean> {
  const { rows } = (await tx.execute(sql`SELECT name, checksum FROM schema_migrations`)) as {
    rows: { name: string; checksum: string }[]
  }
  for (const row of rows) {
    const migration = known.find((each) => each.name === row.name)
    if (migration === undefined)
      throw new SchemaUnknownError(`the database was written by a newer version (it has ${row.name})`)
    if (migration.checksum !== row.checksum)
      throw new SchemaUnknownError(`migration ${row.name} is not the one that the database was made with`)
  }
  return rows.some((row) => row.name === name)
}
