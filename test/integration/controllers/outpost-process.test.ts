// An outpost as a process of its own, as containers and service managers run it: what it does when it is signalled.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SAMPLE_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'
import { type Engine, freePorts, startEngine, until } from '#test/support/engines/process.ts'
import { LdapClient, NOTICE } from '#test/support/ldap-client.ts'
import { userDn } from '#test/support/ldap-tools.ts'
import { tokenOf } from '#test/support/outpost.ts'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'outposts', 'main.ts')
const SUCCESS = 0

let core: TestCore
before(async () => {
  core = await startCore()
})
after(() => core[Symbol.asyncDispose]())

interface OutpostProcess extends AsyncDisposable {
  readonly engine: Engine
  readonly port: number
  ping(): Promise<number>
  /** Undefined until there is a value. */
  metric(name: string): Promise<number | undefined>
}

/** An LDAP outpost with this token, once it can be asked how it is. */
async function startProcess(token: string): Promise<OutpostProcess> {
  const [port, tlsPort, metricsPort] = await freePorts(3)
  const ask = (path: string) => fetch(`http://127.0.0.1:${metricsPort}${path}`)
  const engine = await startEngine({
    command: process.execPath,
    args: [MAIN, 'ldap'],
    env: {
      ...process.env,
      MARTELLO_HOST: core.url,
      MARTELLO_TOKEN: token,
      MARTELLO_LISTEN__LDAP: `127.0.0.1:${port}`,
      MARTELLO_LISTEN__LDAPS: `127.0.0.1:${tlsPort}`,
      MARTELLO_LISTEN__METRICS: `127.0.0.1:${metricsPort}`,
    },
    ready: async () => (await ask('/-/health/live/')).status === 204,
  })
  return {
    engine,
    port: port!,
    ping: async () => (await ask('/outpost.goauthentik.io/ping')).status,
    async metric(name) {
      const [, value] = new RegExp(`^${name}\\{.*\\} (.+)$`, 'm').exec(await (await ask('/metrics')).text()) ?? []
      return value === undefined ? undefined : Number(value)
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}

/** Serving, and linked. */
async function readyProcess(): Promise<OutpostProcess> {
  const outpost = await startProcess((await tokenOf(core.api, 'ldap')).token)
  await until('the outpost serves', async () => (await outpost.ping()) === 204)
  await until('the link', async () => (await outpost.metric('authentik_outpost_connection')) === 1)
  return outpost
}

test('SIGUSR1: the configuration is read again, each time', async () => {
  await using outpost = await readyProcess()
  const updated = async () => (await outpost.metric('authentik_outpost_last_update')) ?? 0
  for (let time = 0; time < 3; time++) {
    const before = await updated()
    outpost.engine.process.kill('SIGUSR1')
    await until('the configuration is newer', async () => (await updated()) > before)
  }
  assert.equal(await outpost.ping(), 204)
})

test('SIGUSR1: an outpost that was refused at its start asks again at once', async () => {
  const token = 'a-key-that-the-core-is-told-of-later'
  await using outpost = await startProcess(token)
  await until('the refusal', async () => (await outpost.metric('martello_outpost_refused')) === 1)
  assert.equal(await outpost.ping(), 503)
  const { body } = await core.api('GET', '/outposts/instances/?name__iexact=ldap')
  const identifier = body.results[0].token_identifier
  assert.equal((await core.api('POST', `/core/tokens/${identifier}/set_key/`, { key: token })).status, 204)
  outpost.engine.process.kill('SIGUSR1')
  await until('the outpost serves', async () => (await outpost.ping()) === 204)
  assert.equal(await outpost.metric('martello_outpost_refused'), 0)
})

test('SIGTERM: whoever is bound is told, the core knows, and the exit code is 0', async () => {
  await using outpost = await readyProcess()
  using client = await LdapClient.open(outpost.port)
  assert.equal(await client.bind(userDn('demo'), SAMPLE_PASSWORD), SUCCESS)
  const { pk } = await tokenOf(core.api, 'ldap')
  const instances = async () => (await core.api('GET', `/outposts/instances/${pk}/health/`)).body.length
  await until('the core lists it', async () => (await instances()) === 1)

  const ended = once(outpost.engine.process, 'exit')
  outpost.engine.process.kill('SIGTERM')
  assert.equal((await client.next())?.tag, NOTICE.tag)
  assert.equal(await client.next(), undefined)
  assert.deepEqual(await ended, [0, null])
  await until('the core lists it no more', async () => (await instances()) === 0)
  assert.match(outpost.engine.output(), /"event":"stopping"[\s\S]*"event":"stopped"/)
})
