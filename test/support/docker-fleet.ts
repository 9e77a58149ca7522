import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { coreClient } from '#controllers/core-client.ts'
import { FleetReader } from '#controllers/fleet/fleet-reader.ts'
import { TokenKeeper } from '#controllers/fleet/token-keeper.ts'
import { Claims } from '#controllers/loop/claims.ts'
import { reconcile } from '#controllers/loop/reconcile.ts'
import { Targets } from '#controllers/loop/targets.ts'
import { openTargets } from '#controllers/open-targets.ts'
import type { DeploymentRecord, ObjectStatus } from '#schema/deployment/status.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { CONTROLLER_TOKEN, startCore, type TestCore, type TestCoreOptions } from './core.ts'
import { type Docker, startDocker } from './engines/docker.ts'
import { type WatchedSocket, watchSocket } from './engines/docker-socket.ts'
import { until } from './engines/process.ts'
import { hasTool } from './engines/tools.ts'
import { startTestController, testIdentity } from './test-controller.ts'

const NETWORK = 'fleet'
const WITHIN_MS = 90_000
const READS = /^(?:GET|HEAD) /
const systemClock: Clock = { now: () => Date.now() }
const { random } = Math

/** Whether a Docker Engine can be started here; the test is skipped without. */
export async function hasDocker(t: TestContext, impossible: string | undefined): Promise<boolean> {
  if (!(await hasTool(t, 'dockerd', 'docker.io')) || !(await hasTool(t, 'busybox', 'busybox-static'))) return false
  // Whether a machine lets containers run is not something that can be installed.
  if (impossible !== undefined) t.skip(`no Docker Engine can be started here: ${impossible.slice(-300)}`)
  return impossible === undefined
}

export interface DockerFleet extends AsyncDisposable {
  readonly docker: Docker
  /** What the controllers use, in front of the engine. */
  readonly socket: WatchedSocket
  /** The core that runs now. */
  core(): TestCore
  /** Ends the core and starts it again on the same data, as with another release. */
  restartCore(options: Pick<TestCoreOptions, 'imageBase'>): Promise<void>
  /** The service connection to the engine. */
  readonly connection: string
  /** A new outpost on the engine, with the providers of the sample's outpost of this type. */
  newOutpost(name: string, type: 'proxy' | 'ldap' | 'radius', config?: object): Promise<string>
  startController(clock?: Clock): AsyncDisposable
  /** One pass over every outpost, as a controller that has just been started would do; what it asked of Docker to do. */
  pass(): Promise<readonly string[]>
  recordOf(name: string): Promise<DeploymentRecord | undefined>
  /** Waits until what is recorded of the outpost is so. */
  reaches(name: string, what: string, is: (record: DeploymentRecord, status: ObjectStatus) => boolean): Promise<void>
  isReady(name: string): Promise<void>
  /** Names of all containers. */
  containers(): Promise<readonly string[]>
  inspect(container: string, format: string): Promise<string>
}

/** A Docker Engine with a network, and a core that its containers reach, with a service connection to it. */
export async function startDockerFleet(
  options: TestCoreOptions & { dataDir: string },
): Promise<DockerFleet | { readonly impossible: string }> {
  const docker = await startDocker()
  if ('impossible' in docker) return docker
  await using begun = new AsyncDisposableStack()
  begun.use(docker)
  await docker.docker('network', 'create', NETWORK)
  const host = await docker.docker('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Gateway}}', NETWORK)
  const socket = begun.use(await watchSocket(docker.url))
  const withHost = { ...options, controller: true, host }
  const core = begun.use(await startCore(withHost))
  const fleet = new Fleet(docker, socket, core, withHost)
  await fleet.connect()
  begun.move()
  return fleet
}

class Fleet implements DockerFleet {
  readonly docker: Docker
  readonly socket: WatchedSocket
  #connection = ''
  readonly #options: TestCoreOptions
  #core: TestCore

  constructor(docker: Docker, socket: WatchedSocket, core: TestCore, options: TestCoreOptions) {
    this.docker = docker
    this.socket = socket
    this.#core = core
    this.#options = options
  }

  get connection(): string {
    return this.#connection
  }

  core(): TestCore {
    return this.#core
  }

  async connect(): Promise<void> {
    this.#connection = (await this.#made('/outposts/service_connections/docker/', { url: this.socket.url })).pk
  }

  async restartCore(options: Pick<TestCoreOptions, 'imageBase'>): Promise<void> {
    const httpPort = Number(new URL(this.#core.url).port)
    await this.#core[Symbol.asyncDispose]()
    this.#core = await startCore({ ...this.#options, ...options, httpPort })
  }

  async newOutpost(name: string, type: 'proxy' | 'ldap' | 'radius', config: object = {}): Promise<string> {
    const { body } = await this.#core.api('GET', `/outposts/instances/?name__iexact=${type}`)
    const { pk } = await this.#made('/outposts/instances/', {
      name,
      type,
      providers: body.results[0].providers,
      service_connection: this.connection,
      config: { authentik_host: this.#core.url, docker_network: NETWORK, ...config },
    })
    return pk
  }

  startController(clock: Clock = systemClock): AsyncDisposable {
    return startTestController(this.#core, { kinds: ['docker'], clock })
  }

  async pass(): Promise<readonly string[]> {
    const from = this.socket.requests.length
    const coreUrl = new URL(this.#core.url)
    const core = coreClient(coreUrl, new Secret(CONTROLLER_TOKEN))
    const local = { coreUrl, listen: {} as never, events: () => ({}) as never, env: {}, clock: systemClock, random }
    await using targets = new Targets(openTargets({ kinds: ['docker'], core, log: silentLogger, local }), () => {})
    const state = await new FleetReader(core, silentLogger).read()
    const { signal } = new AbortController()
    const tokens = new TokenKeeper(core)
    await using claims = new Claims({ core, identity: testIdentity(), log: silentLogger })
    await claims.keep(new Set([this.connection]))
    const surroundings = { core, targets, claims, tokens, clock: systemClock, recorded: () => {} }
    for (const pk of new Set([...state.outposts.keys(), ...state.records.keys()]))
      await reconcile(pk, state, surroundings, signal)
    return this.socket.requests.slice(from).filter((request) => !READS.test(request))
  }

  async recordOf(name: string): Promise<DeploymentRecord | undefined> {
    const { body } = await this.#core.api('GET', '/outposts/deployments/')
    return body.results.find((record: DeploymentRecord) => record.outpost_name === name)
  }

  async reaches(name: string, what: string, is: (record: DeploymentRecord, status: ObjectStatus) => boolean) {
    let record: DeploymentRecord | undefined
    const isSo = async () => {
      record = await this.recordOf(name)
      const [status] = record?.objects ?? []
      return record !== undefined && status !== undefined && is(record, status)
    }
    await until(`${name}: ${what}`, isSo, { withinMs: WITHIN_MS }).catch((error) =>
      assert.fail(`${error.message}: ${JSON.stringify(record)}`),
    )
  }

  isReady(name: string): Promise<void> {
    return this.reaches(name, 'is ready', (_, { condition }) => condition === 'ready')
  }

  async containers(): Promise<readonly string[]> {
    const names = await this.docker.docker('ps', '--all', '--format', '{{.Names}}')
    return names.split('\n').filter(Boolean).sort()
  }

  inspect(container: string, format: string): Promise<string> {
    return this.docker.docker('inspect', '--format', format, container)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#core[Symbol.asyncDispose]()
    await this.socket[Symbol.asyncDispose]()
    await this.docker[Symbol.asyncDispose]()
  }

  async #made(path: string, body: object): Promise<any> {
    const answer = await this.#core.api('POST', path, { name: 'the engine', ...body })
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    return answer.body
  }
}
