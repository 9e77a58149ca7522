import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Logger, silentLogger } from '#schema/kernel/logger.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { startPostgresql } from '#test/support/engines/postgresql.ts'
import { until } from '#test/support/engines/process.ts'
import { hasTool, run } from '#test/support/engines/tools.ts'
import { newApplication, tokensOf } from '#test/support/granted-access.ts'
import { linked } from '#test/support/link-peer.ts'
import { tokenOf } from '#test/support/outpost.ts'
import { executorUrl, signedIn, statusOfMe } from '#test/support/sign-in.ts'
import { mayMount, type SmallDisk, smallDisk } from '#test/support/small-disk.ts'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'core', 'main.ts')
const MINUTE = 60_000

const readiness = async ({ url }: TestCore) => (await fetch(`${url}/-/health/ready/`)).status
const isReady = (core: TestCore, status: number) =>
  until(`ready is ${status}`, async () => (await readiness(core)) === status)

test('while its disk is nearly full a core answers what takes no write, and says so of the rest', async (t) => {
  if (!mayMount(t)) return
  using disk = smallDisk(400)
  const said: string[] = []
  const keep = (level: string) => (event: string, fields?: object) =>
    void said.push(`${level} ${event} ${JSON.stringify(fields)}`)
  const log: Logger = { ...silentLogger, warning: keep('warning'), error: keep('error'), child: () => log }
  let now = Date.now()
  await using core = await startCore({ dataDir: join(disk.path, 'data'), log, clock: { now: () => now } })
  const parties = await newApplication(core, 'before')
  const jar = await signedIn(core, 'demo')
  const tokens = await tokensOf(parties(), jar)
  const ldap = await tokenOf(core.api, 'ldap')
  const peer = await linked(core, ldap)

  disk.fill(40)
  await isReady(core, 503)
  now += 2 * MINUTE
  const group = await core.api('POST', '/core/groups/', { name: 'while full' })
  assert.deepEqual(
    { status: group.status, code: group.body.code, again: group.headers.get('retry-after') },
    { status: 503, code: 'disk_full', again: '10' },
  )
  assert.match(group.body.detail, /disk of the core is full/)
  assert.equal((await core.api('GET', '/core/groups/?name=while+full')).body.pagination.count, 0)
  assert.equal((await fetch(`${core.url}/-/health/live/`)).status, 204)
  assert.equal(await statusOfMe(core, jar), 200)
  assert.equal((await parties().userInfo(tokens['access_token']!)).status, 200)
  await peer.settled()

  const flow = await fetch(executorUrl(core))
  assert.deepEqual([flow.status, flow.headers.get('retry-after')], [503, '10'])
  const page = await fetch(`${core.url}/if/flow/default-authentication-flow/`, { headers: { accept: 'text/html' } })
  assert.deepEqual([page.status, page.headers.get('retry-after')], [503, '10'])
  assert.match(await page.text(), /Try again later/)
  const refreshed = await parties().refresh(tokens['refresh_token']!)
  assert.deepEqual([refreshed.status, refreshed.body['error']], [503, 'temporarily_unavailable'])
  assert.equal(refreshed.headers.get('retry-after'), '10')
  const wrongCode = await parties().redeem('no code')
  assert.deepEqual([wrongCode.status, wrongCode.body['error']], [503, 'temporarily_unavailable'])
  const party = parties()
  party.setCookie('authentik_session', jar.get('authentik_session')!)
  const { response, location } = await party.authorize()
  assert.deepEqual([response.status, location], [503, undefined])

  disk.empty()
  await isReady(core, 204)
  assert.equal((await core.api('POST', '/core/groups/', { name: 'after' })).status, 201)
  assert.equal((await parties().refresh(tokens['refresh_token']!)).status, 200)
  await peer.settled()
  peer.socket.close()
  assert.deepEqual(
    said.map((line) => /nearly full|has room again/.exec(line)?.[0]),
    ['nearly full', 'has room again'],
    said.join('\n'),
  )
  for (const line of said) assert.ok(line.includes(disk.path) && line.includes('MARTELLO_DATA_DIR'), line)
})

test('a start on a server that takes only reads ends with that, in one line', async (t) => {
  if (!(await hasTool(t, '/usr/lib/postgresql/*/bin/postgres', 'postgresql'))) return
  await using server = await startPostgresql()
  await server.newDatabase('reads')
  await server.sql('ALTER DATABASE reads SET default_transaction_read_only = on')
  const { code, text } = await run(process.execPath, [MAIN], {
    env: {
      MARTELLO_POSTGRESQL__HOST: server.host,
      MARTELLO_POSTGRESQL__PORT: String(server.port),
      MARTELLO_POSTGRESQL__NAME: 'reads',
      MARTELLO_POSTGRESQL__USER: server.user,
      MARTELLO_POSTGRESQL__PASSWORD: server.password,
      MARTELLO_SECRET_KEY: 'k'.repeat(50),
    },
    withinMs: 60_000,
  })
  assert.equal(code, 1)
  assert.match(text, /^MRT_DISK_FULL: The disk of the core is full, or its database takes only reads.*\n$/)
})

const starts: ReadonlyArray<[what: string, leave: number, prepare?: (disk: SmallDisk) => void]> = [
  ['full', 0],
  ['nearly full', 40],
  ['nearly full, with a folder for data', 40, ({ path }) => mkdirSync(join(path, 'data'))],
]
for (const [what, leave, prepare] of starts)
  test(`a first start on a disk that is ${what} ends with what is needed, and the next one with room goes on`, async (t) => {
    if (!mayMount(t)) return
    using disk = smallDisk(200)
    prepare?.(disk)
    disk.fill(leave)
    const data = join(disk.path, 'data')
    const { code, text } = await run(process.execPath, [MAIN], { env: { MARTELLO_DATA_DIR: data }, withinMs: 60_000 })
    assert.equal(code, 1)
    const lines = text.trim().split('\n')
    assert.equal(lines.length, 1, text)
    const room = `${leave} MB are free, 112 MB are needed`
    const said = `the disk of ${data} is full: ${room}; make room, or have MARTELLO_DATA_DIR name a folder elsewhere`
    assert.equal(lines[0], `MRT_DATABASE_UNAVAILABLE: ${said}`)
    disk.empty()
    await using core = await startCore({ dataDir: data, sample: false })
    assert.equal(await readiness(core), 204)
  })
