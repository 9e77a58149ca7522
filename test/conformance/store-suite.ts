import assert from 'node:assert/strict'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { getTableColumns, getTableName, is, sql } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import type { Database } from '#core/store/database.ts'
import { migrate } from '#core/store/migrate.ts'
import type { DatabaseHandle } from '#core/store/open-database.ts'
import { SchemaUnknownError } from '#core/store/store-errors.ts'
import * as flows from '#core/store/tables/flows.ts'
import * as outposts from '#core/store/tables/outposts.ts'
import * as system from '#core/store/tables/system.ts'
import * as users from '#core/store/tables/users.ts'
import { silentLogger } from '#schema/kernel/logger.ts'

/** Every table that any file of the folder declares: a new one needs no entry here. */
const FOLDER = join(import.meta.dirname, '..', '..', 'core', 'store', 'tables')
const TABLES = (await Promise.all(globSync('*.ts', { cwd: FOLDER }).map((file) => import(join(FOLDER, file)))))
  .flatMap((file) => Object.values(file))
  .filter((value): value is PgTable => is(value, PgTable))

async function rowsOf<T>(db: Database, query: ReturnType<typeof sql>): Promise<readonly T[]> {
  return ((await db.execute(query)) as { rows: T[] }).rows
}

/** A promise that a callback fulfils. */
function arrival() {
  const { promise, resolve } = Promise.withResolvers<string>()
  return { promise, arrived: resolve }
}

/** What every engine must do; `open` gives a handle on the same empty database each time. */
export function storeSuite(name: string, open: () => Promise<DatabaseHandle>): void {
  describe(`store on ${name}`, () => {
    let handle: DatabaseHandle
    before(async () => {
      handle = await open()
      await Promise.all([migrate(handle, silentLogger), migrate(handle, silentLogger)])
    })
    after(() => handle.close())

    test('the migrated schema is the one that the tables declare', async () => {
      const columns = await rowsOf<{ place: string }>(
        handle.db,
        sql`SELECT relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
              || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END AS place
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0
              AND NOT attisdropped AND relname <> 'schema_migrations'`,
      )
      const declared = TABLES.flatMap((table) =>
        Object.values(getTableColumns(table)).map((column) => {
          const type = column.getSQLType().replace('bigserial', 'bigint').replace('serial', 'integer')
          return `${getTableName(table)}.${column.name} ${type}${column.notNull || column.primary ? ' NOT NULL' : ''}`
        }),
      )
      assert.deepEqual(columns.map(({ place }) => place).sort(), declared.sort())
    })

    test('every declared index, key and reference exists', async () => {
      const found = await rowsOf<{ name: string }>(
        handle.db,
        sql`SELECT conname AS name FROM pg_constraint UNION SELECT indexname FROM pg_indexes
            WHERE schemaname = current_schema()`,
      )
      const names = new Set(found.map((row) => row.name))
      const declared = TABLES.flatMap((table) => {
        const config = getTableConfig(table)
        return [
          ...config.indexes.map((index) => index.config.name!),
          ...config.foreignKeys.map((key) => key.getName().slice(0, 63)),
          ...config.columns.filter((column) => column.isUnique).map((column) => column.uniqueName!),
        ]
      })
      assert.deepEqual(
        declared.filter((each) => !names.has(each)),
        [],
      )
    })

    test('migrating again changes nothing, and the installation keeps its id', async () => {
      const id = () => handle.db.select().from(system.settings)
      const before = await id()
      await migrate(handle, silentLogger)
      assert.deepEqual(await id(), before)
      assert.equal(before.filter((row) => row.key === 'install_id').length, 1)
    })

    test('a schema of a newer version is refused before anything is touched', async () => {
      await handle.db.execute(sql`INSERT INTO schema_migrations (name, checksum) VALUES ('9999_future.sql', '')`)
      try {
        await assert.rejects(migrate(handle, silentLogger), SchemaUnknownError)
      } finally {
        await handle.db.execute(sql`DELETE FROM schema_migrations WHERE name = '9999_future.sql'`)
      }
    })

    test('a migration that fails leaves nothing behind', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'martello-migrations-'))
      writeFileSync(
        join(folder, '9000_bad.sql'),
        'CREATE TABLE half (id int);--> statement-breakpoint\nSELECT no_such()',
      )
      try {
        await handle.db.execute(sql`ALTER TABLE schema_migrations RENAME TO schema_migrations_kept`)
        await assert.rejects(migrate(handle, silentLogger, folder))
        assert.deepEqual(await rowsOf(handle.db, sql`SELECT 1 FROM pg_tables WHERE tablename = 'half'`), [])
      } finally {
        await handle.db.execute(sql`DROP TABLE IF EXISTS schema_migrations`)
        await handle.db.execute(sql`ALTER TABLE schema_migrations_kept RENAME TO schema_migrations`)
        rmSync(folder, { recursive: true })
      }
    })

    test('a transaction is all or nothing', async () => {
      const failed = handle.db.transaction(async (tx) => {
        await tx.insert(system.settings).values({ key: 'half', value: 'done' })
        throw new RangeError('on purpose')
      })
      await assert.rejects(failed, RangeError)
      assert.equal(
        (await handle.db.select().from(system.settings)).some((row) => row.key === 'half'),
        false,
      )
    })

    test('times, JSON, lists and big numbers come back as they went in', async () => {
      const at = new Date('2024-02-29T23:59:59.123Z')
      await handle.db.transaction(async (tx) => {
        const [user] = await tx
          .insert(users.users)
          .values({ username: 'typed', attributes: { nested: { list: [1, 'two', null] } }, lastLogin: at })
          .returning()
        assert.deepEqual(user!.attributes, { nested: { list: [1, 'two', null] } })
        assert.equal(user!.lastLogin?.getTime(), at.getTime())
        const [stage] = await tx.insert(flows.stages).values({ kind: 'password', name: 'typed' }).returning()
        const backends = ['a,b', '"c"', '{d}']
        const [password] = await tx
          .insert(flows.passwordStages)
          .values({ stageUuid: stage!.stageUuid, backends })
          .returning()
        assert.deepEqual(password!.backends, backends)
        const [change] = await tx
          .insert(outposts.changes)
          .values({ model: 'm', pk: '1', action: 'created' })
          .returning()
        assert.equal(typeof change!.revision, 'number')
      })
    })

    test('group names are unique below a parent, and among the roots', async () => {
      const { groups } = users
      const [root] = await handle.db.insert(groups).values({ name: 'twin' }).returning()
      await assert.rejects(handle.db.insert(groups).values({ name: 'twin' }))
      const parent = root!.groupUuid
      await handle.db.insert(groups).values({ name: 'twin', parent })
      await assert.rejects(handle.db.insert(groups).values({ name: 'twin', parent }))
    })

    test('a notification arrives after the commit, and only after it', async () => {
      const seen: string[] = []
      const { promise, arrived } = arrival()
      using _ = await handle.listen(
        'suite_a',
        (payload) => {
          seen.push(payload)
          if (payload === 'last') arrived(payload)
        },
        () => {},
      )
      const rolledBack = handle.db.transaction(async (tx) => {
        await tx.execute(sql`SELECT pg_notify('suite_a', 'never')`)
        throw new RangeError('on purpose')
      })
      await assert.rejects(rolledBack, RangeError)
      await handle.db.transaction(async (tx) => {
        await tx.execute(sql`SELECT pg_notify('suite_a', 'first')`)
        await tx.select().from(system.settings)
        assert.deepEqual(seen, [])
      })
      await handle.db.execute(sql`SELECT pg_notify('suite_a', 'last')`)
      await promise
      assert.deepEqual(seen, ['first', 'last'])
    })

    test('what a notification causes is no part of the transaction that sent it', async () => {
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      const count = () =>
        handle.db
          .select()
          .from(system.settings)
          .then((rows) => resolve(rows.length), reject)
      using _ = await handle.listen(
        'suite_d',
        () => void count(),
        () => {},
      )
      await handle.db.transaction((tx) => tx.execute(sql`SELECT pg_notify('suite_d', '')`))
      assert.ok((await promise) > 0)
    })

    test('many may begin to listen at once', async () => {
      const heard = Array.from({ length: 5 }, arrival)
      const listening = await Promise.all(heard.map(({ arrived }) => handle.listen('suite_e', arrived, () => {})))
      await handle.db.execute(sql`SELECT pg_notify('suite_e', 'once')`)
      assert.deepEqual(new Set(await Promise.all(heard.map(({ promise }) => promise))), new Set(['once']))
      for (const each of listening) each[Symbol.dispose]()
    })

    test('channels are apart, and a disposed subscription hears nothing', async () => {
      const heard: string[] = []
      const { promise, arrived } = arrival()
      const first = await handle.listen(
        'suite_b',
        (payload) => heard.push(payload),
        () => {},
      )
      using _ = await handle.listen('suite_c', arrived, () => {})
      first[Symbol.dispose]()
      await handle.db.execute(sql`SELECT pg_notify('suite_b', 'gone')`)
      await handle.db.execute(sql`SELECT pg_notify('suite_c', 'here')`)
      assert.equal(await promise, 'here')
      assert.deepEqual(heard, [])
    })
  })
}
