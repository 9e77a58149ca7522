import { execFileSync } from 'node:child_process'
import { chownSync, globSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseConfig } from '#core/config/core-config.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { databaseFolder, freePort, ownerIds, startEngine } from './process.ts'
import { run } from './tools.ts'

export interface Postgresql extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Runs SQL as the superuser, in the database `postgres` unless another is named. */
  sql(text: string, database?: string): Promise<string>
  /** Makes an empty database, and tells how a core reaches it. */
  newDatabase(name: string): Promise<DatabaseConfig>
}

/** The folder of the newest installed server's programs, undefined when there is none. */
export function postgresqlPrograms(): string | undefined {
  return globSync('/usr/lib/postgresql/*/bin').sort().at(-1)
}

const PASSWORD = 'superuser-of-the-test'

/** Starts a server of its own cluster on a free port; it refuses to run as root, so root gives it to `postgres`. */
export async function startPostgresql(): Promise<Postgresql> {
  const programs = postgresqlPrograms()
  if (programs === undefined) throw new Error('no PostgreSQL server: apt-get install postgresql')
  const folder = databaseFolder('postgresql')
  const owner = process.getuid?.() === 0 ? ownerIds('postgres') : undefined
  if (owner !== undefined) chownSync(folder.path, owner.uid, owner.gid)
  const data = join(folder.path, 'data')
  execFileSync(
    'sh',
    [
      '-c',
      `umask 077; printf %s "$PW" > "$DIR/pw"; "$BIN/initdb" -D "$DIR/data" -U martello_root --auth=scram-sha-256 --pwfile="$DIR/pw" --no-sync`,
    ],
    {
      env: { PATH: process.env.PATH, PW: PASSWORD, DIR: folder.path, BIN: programs, LC_ALL: 'C.UTF-8' },
      stdio: 'pipe',
      ...owner,
    },
  )
  const port = await freePort()
  const psql = (text: string, database = 'postgres') =>
    run(
      join(programs, 'psql'),
      [
        '-X',
        '-q',
        '-A',
        '-t',
        '-v',
        'ON_ERROR_STOP=1',
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        'martello_root',
        '-d',
        database,
        '-c',
        text,
      ],
      {
        env: { PGPASSWORD: PASSWORD },
      },
    )
  const engine = await startEngine({
    command: join(programs, 'postgres'),
    args: ['-D', data, '-p', String(port), '-k', folder.path, '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
    ready: async () => (await psql('select 1')).code === 0,
    stopSignal: 'SIGINT',
    cleanUp: () => folder[Symbol.dispose](),
    ...owner,
  })
  const sql = async (text: string, database?: string) => {
    const answer = await psql(text, database)
    if (answer.code !== 0) throw new Error(`psql: ${answer.text}`)
    return answer.text.trim()
  }
  const always = <const T>(value: T) => ({ current: () => value })
  return {
    host: '127.0.0.1',
    port,
    user: 'martello_root',
    password: PASSWORD,
    sql,
    async newDatabase(name) {
      await sql(`create database ${name}`)
      return {
        kind: 'postgresql',
        host: always('127.0.0.1'),
        port: always(port),
        name: always(name),
        user: always('martello_root'),
        password: always(new Secret(PASSWORD)),
        sslMode: always('disable'),
      }
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}
