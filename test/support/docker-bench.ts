import assert from 'node:assert/strict'
import { dockerAgent } from '#controllers/docker/connect.ts'
import { DockerTarget } from '#controllers/docker/docker-target.ts'
import { EngineApi } from '#controllers/docker/engine-api.ts'
import type { Deployment } from '#controllers/target/target.ts'
import { type DeploymentSettings, deploymentDefaults } from '#schema/deployment/settings.ts'
import type { ObjectStatus } from '#schema/deployment/status.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import { type Docker, startDocker } from './engines/docker.ts'
import { type WatchedSocket, watchSocket } from './engines/docker-socket.ts'
import { until } from './engines/process.ts'
import { importTinyImage, type TinyImage } from './tiny-image.ts'

export const BENCH_PK = '11111111-2222-4333-8444-000000000002'
export const BENCH_NAME = 'ak-outpost-x'
export const BENCH_TOKEN = 'the-secret-token'
const { signal } = new AbortController()

/** One outpost, named `x`, that runs this image; without a network unless it is given one. */
export function benchDeployment(image: string, settings: Partial<DeploymentSettings> = {}): Deployment {
  return {
    outpost: {
      pk: BENCH_PK,
      name: 'x',
      type: 'radius',
      // The engine of the tests has no bridge: containers share the network of the machine, or have none.
      settings: { ...deploymentDefaults, docker_network: 'none', ...settings },
      providers: [],
    },
    image,
    context: { version: '1', imageTemplate: 'tiny:good' },
    secrets: { token: BENCH_TOKEN },
    inventory: [],
    before: [],
  }
}

/** An engine and a target on it, with nothing in between but a socket that is watched. */
export class DockerBench implements AsyncDisposable {
  readonly engine: Docker
  readonly socket: WatchedSocket
  readonly #clock: Clock
  #target: DockerTarget

  constructor(engine: Docker, socket: WatchedSocket, clock: Clock) {
    this.engine = engine
    this.socket = socket
    this.#clock = clock
    this.#target = this.open(socket)
  }

  get target(): DockerTarget {
    return this.#target
  }

  /** No container of the outpost, and a target that remembers nothing. */
  async startOver(): Promise<void> {
    await this.#target.remove(BENCH_PK, [], signal)
    await this.#target[Symbol.asyncDispose]()
    this.#target = this.open(this.socket)
  }

  /** A target of its own, such as another controller has. */
  open({ url }: WatchedSocket): DockerTarget {
    const api = new EngineApi(dockerAgent({ url, local: false }, {}))
    return new DockerTarget({ api, clock: this.#clock, random: Math.random })
  }

  async apply(wanted: Deployment): Promise<ObjectStatus> {
    return (await this.#target.apply(wanted, signal)).objects[0]!
  }

  /** Applies until the condition is there. */
  async reach(wanted: Deployment, condition: ObjectStatus['condition']): Promise<ObjectStatus> {
    let status: ObjectStatus | undefined
    await until(condition, async () => {
      status = await this.apply(wanted)
      return status.condition === condition
    }).catch((cause) => assert.fail(`${condition}: ${JSON.stringify(status)} ${cause}`))
    return status!
  }

  inspect(name: string, format: string): Promise<string> {
    return this.engine.docker('inspect', '--format', format, name)
  }

  /** Names of all containers. */
  async names(): Promise<readonly string[]> {
    const names = await this.engine.docker('ps', '--all', '--format', '{{.Names}}')
    return names.split('\n').filter(Boolean).sort()
  }

  /** Names of the containers that are up. */
  async running(): Promise<readonly string[]> {
    const names = await this.engine.docker('ps', '--format', '{{.Names}}')
    return names.split('\n').filter(Boolean).sort()
  }

  /** How often a container was made so far. */
  made(): number {
    return this.socket.requests.filter((request) => request.startsWith('POST /containers/create')).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target[Symbol.asyncDispose]()
    await this.socket[Symbol.asyncDispose]()
    await this.engine[Symbol.asyncDispose]()
  }
}

/** Starts an engine that has these images, or says why this machine does not let one run. */
export async function startDockerBench(
  images: Readonly<Record<string, TinyImage>>,
  clock: Clock = { now: () => Date.now() },
): Promise<DockerBench | { readonly impossible: string }> {
  const engine = await startDocker()
  if ('impossible' in engine) return engine
  const bench = new DockerBench(engine, await watchSocket(engine.url), clock)
  for (const [name, image] of Object.entries(images)) await importTinyImage(engine, name, image)
  return bench
}
