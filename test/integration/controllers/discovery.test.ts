import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { coreClient } from '#controllers/core-client.ts'
import { type DiscovererOptions, discoverer } from '#controllers/discovery/discoverer.ts'
import { isHere } from '#controllers/discovery/is-here.ts'
import { FleetReader } from '#controllers/fleet/fleet-reader.ts'
import { Controller } from '#controllers/loop/controller.ts'
import { type ConnectionKind, openTargets } from '#controllers/open-targets.ts'
import { type Logger, silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { CONTROLLER_TOKEN, startCore, type TestCore } from '#test/support/core.ts'
import { hasDocker } from '#test/support/docker-fleet.ts'
import { type Docker, startDocker } from '#test/support/engines/docker.ts'
import { temporaryFolder, until } from '#test/support/engines/process.ts'
import { testIdentity, untilDisposed } from '#test/support/test-controller.ts'

const CONNECTIONS = '/outposts/service_connections'
const { signal } = new AbortController()
const root = temporaryFolder('in-cluster')
const account = join(root.path, 'var/run/secrets/kubernetes.io/serviceaccount')
const IN_CLUSTER = { KUBERNETES_SERVICE_HOST: '192.0.2.1', KUBERNETES_SERVICE_PORT: '443' }

let docker: Docker | undefined
let impossible: string | undefined
before(async () => {
  const engine = await startDocker()
  if ('impossible' in engine) impossible = engine.impossible
  else docker = engine
  mkdirSync(account, { recursive: true })
  for (const name of ['token', 'ca.crt', 'namespace']) writeFileSync(join(account, name), name)
})
after(async () => {
  await docker?.[Symbol.asyncDispose]()
  root[Symbol.dispose]()
})

const clientOf = ({ url }: TestCore) => coreClient(new URL(url), new Secret(CONTROLLER_TOKEN))

/** What a controller looks for when it has read what the core wants. */
async function discover(core: TestCore, options: Partial<DiscovererOptions> = {}): Promise<void> {
  const client = clientOf(core)
  const { discoverable } = await new FleetReader(client, silentLogger).read()
  const env = { DOCKER_HOST: docker?.url, ...IN_CLUSTER }
  const kinds = ['local', 'docker', 'kubernetes'] as const
  await discoverer({ core: client, kinds, env, log: silentLogger, inClusterRoot: root.path, ...options })(
    discoverable,
    signal,
  )
}

const found = async ({ api }: TestCore): Promise<any[]> =>
  (await api('GET', `${CONNECTIONS}/all/`)).body.results.filter(({ name }: any) => name !== 'This machine')
const namesOf = async (core: TestCore) => (await found(core)).map(({ name }) => name).sort()
const BOTH = ['Local Docker connection', 'Local Kubernetes Cluster']

suite('discovery', () => {
  test('a Docker socket and a ServiceAccount become local connections, once', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await using core = await startCore({ controller: true })
    await discover(core)
    assert.deepEqual(await namesOf(core), BOTH)
    const { body } = await core.api('GET', `${CONNECTIONS}/docker/`)
    assert.deepEqual([body.results[0].local, body.results[0].url], [true, docker!.url])
    await discover(core)
    assert.deepEqual(await namesOf(core), BOTH)
  })

  test('what people deleted does not come back, whoever had made it', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await using core = await startCore({ controller: true })
    const own = { name: 'mine', local: true, kubeconfig: {} }
    assert.equal((await core.api('POST', `${CONNECTIONS}/kubernetes/`, own)).status, 201)
    await discover(core)
    assert.deepEqual(await namesOf(core), ['Local Docker connection', 'mine'])
    for (const { pk } of await found(core)) await core.api('DELETE', `${CONNECTIONS}/all/${pk}/`)
    await discover(core)
    assert.deepEqual(await namesOf(core), [])
  })

  test('what people made of it stays as they made it', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await using core = await startCore({ controller: true })
    await discover(core, { kinds: ['docker'] })
    const [{ pk }] = await found(core)
    const changed = await core.api('PATCH', `${CONNECTIONS}/docker/${pk}/`, { name: 'other', local: false })
    assert.equal(changed.status, 200)
    await discover(core, { kinds: ['docker'] })
    assert.deepEqual(await namesOf(core), ['other'])
  })

  test('a name that is taken is left to its connection, and said once', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await using core = await startCore({ controller: true })
    await core.api('POST', `${CONNECTIONS}/docker/`, { name: BOTH[0], url: 'unix:///somewhere/else.sock' })
    const said: string[] = []
    const log: Logger = { ...silentLogger, warning: (event) => void said.push(event) }
    const look = discoverer({ core: clientOf(core), kinds: ['docker'], env: { DOCKER_HOST: docker!.url }, log })
    for (let round = 0; round < 2; round++) await look(new Set(['docker']), signal)
    assert.equal(said.length, 1)
    const { body } = await core.api('GET', `${CONNECTIONS}/docker/`)
    assert.deepEqual(
      body.results.map(({ url }: any) => url),
      ['unix:///somewhere/else.sock'],
    )
  })

  const nothing: Readonly<Record<string, Partial<DiscovererOptions>>> = {
    'a controller that serves only its own processes': { kinds: ['local'] },
    'a machine that has neither': { env: { DOCKER_HOST: `unix://${root.path}/none.sock` } },
    'a daemon on the network, and a cluster that gave no token': {
      env: { DOCKER_HOST: 'tcp://127.0.0.1:2375', ...IN_CLUSTER },
      inClusterRoot: join(root.path, 'none'),
    },
    'a socket of something else': { env: { DOCKER_HOST: `unix://${root.path}/other.sock` } },
  }
  test('nothing is made by those who find nothing', async () => {
    await using core = await startCore({ controller: true })
    const other = createServer((socket) => socket.end('220 hello\r\n')).listen(`${root.path}/other.sock`)
    try {
      for (const [who, options] of Object.entries(nothing)) {
        await discover(core, options)
        assert.deepEqual(await namesOf(core), [], who)
      }
    } finally {
      other.close()
    }
  })

  test('nothing is made where the core does not want it', async () => {
    await using core = await startCore({ controller: true, discover: false })
    await discover(core)
    assert.deepEqual(await namesOf(core), [])
  })

  test('a controller makes it, and deploys nothing by that', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await using core = await startCore({ controller: true })
    await using _ = startController(core, ['docker'], { DOCKER_HOST: docker!.url })
    await until('the connection', async () => (await found(core)).length === 1)
    assert.deepEqual((await core.api('GET', '/outposts/deployments/')).body.results, [], 'nothing is deployed by it')
  })

  test('CT-11: a local connection is served from where it leads somewhere; elsewhere it is told why not', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await using core = await startCore({ controller: true, discover: false })
    const make = async (kind: string, json: object) =>
      (await core.api('POST', `${CONNECTIONS}/${kind}/`, { name: kind, local: true, ...json })).body.pk
    const connections = {
      docker: await make('docker', { url: docker!.url }),
      kubernetes: await make('kubernetes', { kubeconfig: {} }),
    }
    const told = async (kind: 'docker' | 'kubernetes') => {
      const { body } = await core.api('GET', `${CONNECTIONS}/all/${connections[kind]}/state/`)
      return [body.controller, body.healthy, body.checked_at !== null]
    }
    const daemon = { DOCKER_HOST: docker!.url }
    const cases = [
      [{ DOCKER_HOST: 'unix:///nowhere/docker.sock' }, [null, false, true], [null, false, true]],
      [daemon, ['test', true, true], [null, false, true]],
      [{ ...daemon, ...IN_CLUSTER }, ['test', true, true], ['test', false, true]],
    ] as const
    for (const [env, ofDocker, ofKubernetes] of cases) {
      await using _ = startController(core, ['docker', 'kubernetes'], env)
      await until(JSON.stringify(env), async () => {
        const seen = [await told('docker'), await told('kubernetes')]
        return JSON.stringify(seen) === JSON.stringify([ofDocker, ofKubernetes])
      })
    }
  })
})

function startController(core: TestCore, kinds: readonly ConnectionKind[], env: NodeJS.ProcessEnv): AsyncDisposable {
  const [client, clock, { random }] = [clientOf(core), { now: () => Date.now() }, Math]
  const local = { coreUrl: new URL(core.url), listen: {} as never, events: () => ({}) as never, env, clock, random }
  const controller = new Controller({
    core: client,
    identity: testIdentity(),
    log: silentLogger,
    clock,
    random,
    open: openTargets({ kinds, core: client, log: silentLogger, local }),
    discover: discoverer({ core: client, kinds, env, log: silentLogger, inClusterRoot: root.path }),
    isHere: isHere(env, root.path),
  })
  return untilDisposed((stop) => controller.run(stop))
}
