import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { sql } from 'drizzle-orm'
import type { DatabaseConfig, SslMode } from '#core/config/core-config.ts'
import { readCoreConfig } from '#core/config/read-core-config.ts'
import { openDatabase } from '#core/store/open-database.ts'
import { requireSupported } from '#core/store/open-postgresql.ts'
import { DatabaseTooOldError, DatabaseUnavailableError } from '#core/store/store-errors.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'
import { type Postgresql, postgresqlPrograms, startPostgresql } from '#test/support/engines/postgresql.ts'
import { temporaryFolder, until } from '#test/support/engines/process.ts'
import { storeSuite } from './store-suite.ts'

type Settings = { host: string; port: number; name: string; user: string; password: string; sslMode: SslMode }

const skip =
  postgresqlPrograms() === undefined && process.env.CI !== 'true' ? 'needs: apt-get install postgresql' : false

describe('PostgreSQL', { skip }, () => {
  let server: Postgresql
  before(async () => {
    server = await startPostgresql()
    await server.sql('CREATE DATABASE suite')
    await server.sql('CREATE DATABASE other')
  })
  after(() => server[Symbol.asyncDispose]())

  /** Settings that can change while they are used. */
  const settings = (changes: Partial<Settings> = {}): Settings => ({
    host: server.host,
    port: server.port,
    name: 'other',
    user: server.user,
    password: server.password,
    sslMode: 'prefer',
    ...changes,
  })
  const open = (from: Settings) => {
    const live = <K extends keyof Settings>(key: K) => ({ current: () => from[key] })
    const config: DatabaseConfig = {
      kind: 'postgresql',
      host: live('host'),
      port: live('port'),
      name: live('name'),
      user: live('user'),
      password: { current: () => new Secret(from.password) },
      sslMode: live('sslMode'),
    }
    return openDatabase(config, silentLogger)
  }

  storeSuite('PostgreSQL', () => open(settings({ name: 'suite' })))

  test('credentials that are rotated in their files are used while running, for queries and for LISTEN', async () => {
    using folder = temporaryFolder('credentials')
    const fileOf = (name: string) => join(folder.path, name)
    const write = (name: string, text: string) => writeFileSync(fileOf(name), `${text}\n`)
    const env = {
      MARTELLO_SECRET_KEY: 'k'.repeat(50),
      MARTELLO_POSTGRESQL__HOST: server.host,
      MARTELLO_POSTGRESQL__PORT: String(server.port),
      MARTELLO_POSTGRESQL__NAME: 'other',
      MARTELLO_POSTGRESQL__USER: `file://${fileOf('user')}`,
      MARTELLO_POSTGRESQL__PASSWORD: `file://${fileOf('password')}`,
    }
    const disconnect = () =>
      server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'rotating%'")
    // The first query may still be given a connection that is only now found dead.
    const isUser = (name: string) =>
      until(`queries as ${name}`, async () => {
        const { rows } = (await handle.db.execute(sql`SELECT current_user AS name`)) as { rows: { name: string }[] }
        return rows[0]?.name === name
      })

    await server.sql("CREATE ROLE rotating LOGIN PASSWORD 'first'")
    await server.sql("CREATE ROLE rotating_too LOGIN PASSWORD 'third'")
    write('user', 'rotating')
    write('password', 'first')
    const { database } = readCoreConfig(settingsFrom(env, readFileSync), { load: () => '' }).config
    const handle = await openDatabase(database, silentLogger)
    await using _closed = { [Symbol.asyncDispose]: () => handle.close() }
    let back = Promise.withResolvers<void>()
    const heard = Promise.withResolvers<string>()
    using _ = await handle.listen('rotation', heard.resolve, () => back.resolve())
    await server.sql("ALTER ROLE rotating PASSWORD 'second'")
    await disconnect()
    await assert.rejects(async () => {
      for (let attempt = 0; attempt < 3; attempt++) await handle.db.execute(sql`SELECT 1`)
    })
    write('password', 'second')
    await isUser('rotating')
    await back.promise

    back = Promise.withResolvers<void>()
    write('user', 'rotating_too')
    write('password', 'third')
    await disconnect()
    await isUser('rotating_too')
    await back.promise
    await handle.db.execute(sql`SELECT pg_notify('rotation', 'heard')`)
    assert.equal(await heard.promise, 'heard')

    // Files that are away for a moment, while something puts others in their place, change nothing.
    back = Promise.withResolvers<void>()
    for (const name of ['user', 'password']) rmSync(fileOf(name))
    await disconnect()
    await isUser('rotating_too')
    await back.promise
  })

  test('connections that die in a transaction come back to the pool', async () => {
    const handle = await open(settings())
    for (let round = 0; round < 25; round++) {
      const dying = handle.db.transaction((tx) => tx.execute(sql`SELECT pg_terminate_backend(pg_backend_pid())`))
      await assert.rejects(dying)
    }
    await handle.db.transaction((tx) => tx.execute(sql`SELECT 1`))
    await handle.close()
  })

  test('wrong credentials and no server are told apart from a working database', async () => {
    await assert.rejects(open(settings({ password: 'wrong' })), DatabaseUnavailableError)
    await assert.rejects(open(settings({ port: 1 })), DatabaseUnavailableError)
  })

  const modes: ReadonlyArray<[mode: SslMode, withoutTls: boolean]> = [
    ['disable', true],
    ['allow', true],
    ['prefer', true],
    ['require', false],
    ['verify-ca', false],
    ['verify-full', false],
  ]
  for (const [sslMode, withoutTls] of modes)
    test(`a server without TLS is ${withoutTls ? 'used' : 'refused'} with sslmode ${sslMode}`, async () => {
      if (withoutTls) await (await open(settings({ sslMode }))).close()
      else await assert.rejects(open(settings({ sslMode })), DatabaseUnavailableError)
    })

  test('a mode that is made stricter while running is not held to what was found before', async () => {
    const current = settings({ sslMode: 'prefer' })
    const handle = await open(current)
    current.sslMode = 'require'
    await assert.rejects(handle.db.transaction((tx) => tx.execute(sql`SELECT pg_terminate_backend(pg_backend_pid())`)))
    await assert.rejects(handle.db.execute(sql`SELECT 1`))
    await handle.close()
  })

  test('a server older than 12 is refused', () => {
    assert.throws(() => requireSupported(110022), DatabaseTooOldError)
    assert.throws(() => requireSupported(90624), DatabaseTooOldError)
    for (const version of [120000, 150004, 180000]) requireSupported(version)
  })

  test('a statement that takes too long is ended by the server', async () => {
    const handle = await open(settings())
    const { rows } = (await handle.db.execute(sql`SHOW statement_timeout`)) as { rows: { statement_timeout: string }[] }
    assert.equal(rows[0]?.statement_timeout, '30s')
    await handle.close()
  })
})
