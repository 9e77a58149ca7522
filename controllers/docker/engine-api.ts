import { type IncomingMessage, request } from 'node:http'
import { z } from 'zod'
import { TargetUnreachableError } from '#controllers/target/target-error.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { EngineAgent } from './connect.ts'
import { DockerRefusedError } from './docker-refused-error.ts'
import { bounded, type EngineAnswer, jsonLines, understood } from './engine-answer.ts'

const TIMEOUT_MS = 30_000
/** What this client was written against; older daemons are spoken to in their own version. */
const NEWEST = '1.47'
/** Health checks and everything else that is used here (Docker 17.05). */
const OLDEST = '1.30'
/** What a daemon answers, with 400, to a version that it does not know or not any more. */
const OTHER_VERSION = /^client version \S+ is too (?:old|new)/

const versionShape = z.object({ Version: z.string(), ApiVersion: z.string(), MinAPIVersion: z.string().default('') })

export interface EngineRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  /** Without the version, such as `/containers/json`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Statuses beside success that are an answer, such as 404. */
  readonly expect?: readonly number[]
}

/** The Docker Engine API over connections that `agent` makes; in the newest version that both sides know. */
export class EngineApi implements Disposable {
  readonly #agent: EngineAgent
  #version: Promise<string> | undefined

  constructor(agent: EngineAgent) {
    this.#agent = agent
  }

  /** Rejects with TargetUnreachableError or DockerRefusedError. */
  async call(asked: EngineRequest): Promise<EngineAnswer> {
    const response = await this.#accepted(asked)
    return understood(asked, response.statusCode ?? 0, await bounded(response))
  }

  /** The daemon's own version, such as `20.10.24`. */
  async version(signal: AbortSignal): Promise<string> {
    return versionShape.parse((await this.call({ path: '/version', signal })).body).Version
  }

  /** JSON values as they come, until the daemon ends the stream or the signal aborts. */
  async *stream(asked: EngineRequest): AsyncGenerator<unknown> {
    try {
      yield* jsonLines(await this.#accepted({ ...asked, timeoutMs: 0 }))
    } finally {
      // Events end with the daemon: the next one may be of another release.
      this.#version = undefined
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  /** An answer that is no refusal; asked once more when the daemon has come to know other versions. */
  async #accepted(asked: EngineRequest): Promise<IncomingMessage> {
    try {
      return await this.#inItsVersion(asked)
    } catch (error) {
      if (!(error instanceof DockerRefusedError && OTHER_VERSION.test(error.serverMessage))) throw error
      this.#version = undefined
      return this.#inItsVersion(asked)
    }
  }

  async #inItsVersion(asked: EngineRequest): Promise<IncomingMessage> {
    const response = await this.#send(asked, `/v${await this.#negotiated(asked.signal)}`)
    const { statusCode: status = 0 } = response
    if (status >= 400 && !asked.expect?.includes(status)) understood(asked, status, await bounded(response))
    return response
  }

  /** Asked anew after a failure: the daemon may be another one by then. Whoever is told to waits for it no longer. */
  #negotiated(signal?: AbortSignal): Promise<string> {
    this.#version ??= this.#negotiate().catch((cause) => {
      this.#version = undefined
      throw cause
    })
    if (signal === undefined) return this.#version
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const left = () => reject(this.#unreachable('AbortError', signal.reason))
    if (signal.aborted) left()
    signal.addEventListener('abort', left, { once: true })
    this.#version.then(resolve, reject).finally(() => signal.removeEventListener('abort', left))
    return promise
  }

  async #negotiate(): Promise<string> {
    const response = await this.#send({ path: '/version' }, '')
    const { body } = understood({ path: '/version' }, response.statusCode ?? 0, await bounded(response))
    const known = versionShape.safeParse(body)
    if (!known.success) throw new TargetUnreachableError('what answers is not the Docker Engine API')
    const { ApiVersion, MinAPIVersion } = known.data
    if (isOlder(ApiVersion, OLDEST))
      throw new TargetUnreachableError(`Docker's API ${ApiVersion} is older than ${OLDEST}`)
    if (isOlder(NEWEST, MinAPIVersion))
      throw new TargetUnreachableError(`Docker's API needs ${MinAPIVersion}, this controller knows ${NEWEST}`)
    return isOlder(NEWEST, ApiVersion) ? NEWEST : ApiVersion
  }

  #unreachable(why: string, cause: Error): TargetUnreachableError {
    const reasons = [why, this.#agent.trouble()].filter((each) => each !== undefined)
    return new TargetUnreachableError(`Docker does not answer (${reasons.join('; ')})`, cause)
  }

  #send({ method = 'GET', path, query, body, timeoutMs = TIMEOUT_MS, signal }: EngineRequest, prefix: string) {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const text = body === undefined ? undefined : JSON.stringify(body)
    const search = query === undefined ? '' : `?${new URLSearchParams(query)}`
    const signals = [...(signal ? [signal] : []), ...(timeoutMs > 0 ? [AbortSignal.timeout(timeoutMs)] : [])]
    const sent = request({
      agent: this.#agent,
      host: 'docker',
      method,
      path: `${prefix}${path}${search}`,
      headers:
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      ...(signals.length > 0 ? { signal: AbortSignal.any(signals) } : {}),
    })
    sent.on('response', resolve)
    sent.on('error', (cause: Error & { code?: string }) => {
      this.#version = undefined
      if (cause instanceof MartelloError) reject(cause)
      else reject(this.#unreachable(cause.code ?? cause.name, cause))
    })
    sent.end(text)
    return promise
  }
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number)
  return major !== thanMajor ? major < thanMajor : minor < thanMinor
}
