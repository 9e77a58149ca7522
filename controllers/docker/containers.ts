import { z } from 'zod'
import { type DesiredContainer, OWNER_LABEL } from '#schema/deployment/docker/desired-container.ts'
import { DockerRefusedError } from './docker-refused-error.ts'
import type { EngineApi } from './engine-api.ts'
import { type LiveContainer, readContainer } from './plan/live-container.ts'

const PULL_MS = 600_000
const STOP_S = 10
/** How long one that is restarted may take to end. */
const RESTART_STOP_S = 3
const LOG_LINES = 20
const MAX_LOG = 1_000

const listed = z.array(z.object({ Id: z.string() }))
const created = z.object({ Id: z.string() })
const image = z.object({ Id: z.string() })
const pullMessage = z.object({ error: z.string().optional() })

/** What is done with containers of one daemon. */
export class Containers {
  readonly #api: EngineApi

  constructor(api: EngineApi) {
    this.#api = api
  }

  /** Every container with the label of this owner (32 hex digits), running or not. */
  async ownedBy(owner: string, signal: AbortSignal): Promise<readonly LiveContainer[]> {
    const filters = JSON.stringify({ label: [`${OWNER_LABEL}=${owner}`] })
    const { body } = await this.#api.call({ path: '/containers/json', query: { all: 'true', filters }, signal })
    const found = await Promise.all(listed.parse(body).map(({ Id }) => this.find(Id, signal)))
    return found.filter((each) => each !== undefined)
  }

  async find(nameOrId: string, signal: AbortSignal): Promise<LiveContainer | undefined> {
    return readContainer(await this.inspect(nameOrId, signal))
  }

  /** What the daemon shows of a container, its secrets included. */
  async inspect(nameOrId: string, signal: AbortSignal): Promise<unknown> {
    const path = `/containers/${encodeURIComponent(nameOrId)}/json`
    return (await this.#api.call({ path, signal, expect: [404] })).body
  }

  /** The id of an image that the daemon has; undefined if it has not. */
  async imageId(reference: string, signal: AbortSignal): Promise<string | undefined> {
    return image.safeParse(await this.inspectImage(reference, signal)).data?.Id
  }

  async inspectImage(reference: string, signal: AbortSignal): Promise<unknown> {
    const path = `/images/${reference.split('/').map(encodeURIComponent).join('/')}/json`
    return (await this.#api.call({ path, signal, expect: [404] })).body
  }

  /** Fetches an image; no other one is ever taken in its place. Rejects with a DockerRefusedError. */
  async pull(reference: string, signal: AbortSignal): Promise<void> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(PULL_MS)])
    const asked = {
      method: 'POST',
      path: '/images/create',
      query: { fromImage: withTag(reference) },
      signal: within,
    } as const
    for await (const raw of this.#api.stream(asked)) {
      const { error } = pullMessage.parse(raw)
      if (error !== undefined) throw new DockerRefusedError('pull of the image', 500, error)
    }
  }

  /** Makes a container, with its networks; it does not run yet. */
  async create({ body, networks }: DesiredContainer, name: string, signal: AbortSignal): Promise<string> {
    const answer = await this.#api.call({ method: 'POST', path: '/containers/create', query: { name }, body, signal })
    const { Id } = created.parse(answer.body)
    for (const network of networks)
      await this.#api.call({
        method: 'POST',
        path: `/networks/${encodeURIComponent(network)}/connect`,
        body: { Container: Id },
        signal,
      })
    return Id
  }

  /** The first of these networks that the daemon does not have. */
  async missingNetwork(names: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    for (const name of names) {
      const path = `/networks/${encodeURIComponent(name)}`
      if ((await this.#api.call({ path, signal, expect: [404] })).status === 404) return name
    }
    return undefined
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#post(`/containers/${id}/start`, signal)
  }

  async unpause(id: string, signal: AbortSignal): Promise<void> {
    await this.#post(`/containers/${id}/unpause`, signal)
  }

  /** Ends a container, soon if it does not by itself, and starts it: one request, which the daemon sees through. */
  async restart(id: string, signal: AbortSignal): Promise<void> {
    await this.#post(`/containers/${id}/restart?t=${RESTART_STOP_S}`, signal)
  }

  /** Asks the process to end, and waits for it. */
  async stop(id: string, signal: AbortSignal): Promise<void> {
    const query = { t: String(STOP_S) }
    const timeoutMs = (STOP_S + 20) * 1000
    await this.#api.call({ method: 'POST', path: `/containers/${id}/stop`, query, signal, timeoutMs, expect: [404] })
  }

  async rename(id: string, name: string, signal: AbortSignal): Promise<void> {
    await this.#api.call({ method: 'POST', path: `/containers/${id}/rename`, query: { name }, signal })
  }

  /** Ends and deletes a container; one that is gone already is fine. */
  async remove(id: string, signal: AbortSignal): Promise<void> {
    await this.stop(id, signal)
    await this.discard(id, signal)
  }

  /** Deletes a container without asking its process to end; one that is gone already is fine. */
  async discard(id: string, signal: AbortSignal): Promise<void> {
    const query = { force: 'true', v: 'true' }
    await this.#api.call({ method: 'DELETE', path: `/containers/${id}`, query, signal, expect: [404, 409] })
  }

  /** The last that a container printed. */
  async lastWords(id: string, signal: AbortSignal): Promise<string> {
    const query = { stdout: 'true', stderr: 'true', tail: String(LOG_LINES) }
    const { octets } = await this.#api.call({ path: `/containers/${id}/logs`, query, signal, expect: [404, 409, 500] })
    const text = unframed(octets).trim()
    // Half a word could be half a secret, which nobody would recognize.
    return text.length <= MAX_LOG ? text : text.slice(-MAX_LOG).replace(/^\S+/, '').trimStart()
  }

  async #post(path: string, signal: AbortSignal): Promise<void> {
    await this.#api.call({ method: 'POST', path, signal })
  }
}

/** The daemon would fetch every tag of a name without one. */
function withTag(reference: string): string {
  return /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`
}

/** Output of a container without a terminal: frames of a header of eight octets, the length in the last four. */
function unframed(octets: Buffer): string {
  const parts: Buffer[] = []
  for (let at = 0; at + 8 <= octets.length; ) {
    const length = octets.readUInt32BE(at + 4)
    parts.push(octets.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return Buffer.concat(parts).toString()
}
