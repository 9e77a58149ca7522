import { type Agent, type IncomingMessage, request } from 'node:http'
import { z } from 'zod'
import { TargetUnreachableError } from '#controllers/target/target-error.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import { DockerRefusedError } from './docker-refused-error.ts'

const TIMEOUT_MS = 30_000
const MAX_ANSWER_OCTETS = 16 * 1024 * 1024
/** What this client was written against; older daemons are spoken to in their own version. */
const NEWEST = '1.47'
/** Health checks and everything else that is used here (Docker 17.05). */
const OLDEST = '1.30'

const errorShape = z.object({ message: z.string() })
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

export interface EngineAnswer {
  readonly status: number
  readonly body: unknown
  readonly octets: Buffer
}

/** The Docker Engine API over connections that `agent` makes; in the newest version that both sides know. */
export class EngineApi implements Disposable {
  readonly #agent: Agent
  #version: Promise<string> | undefined

  constructor(agent: Agent) {
    this.#agent = agent
  }

  /** Rejects with TargetUnreachableError or DockerRefusedError. */
  async call(asked: EngineRequest): Promise<EngineAnswer> {
    const response = await this.#send(asked, `/v${await this.#negotiated()}`)
    const octets = await bounded(response)
    return understood(asked, response.statusCode ?? 0, octets)
  }

  /** The daemon's own version, such as `20.10.24`. */
  async version(): Promise<string> {
    return versionShape.parse((await this.call({ path: '/version' })).body).Version
  }

  /** JSON values as they come, until the daemon ends the stream or the signal aborts. */
  async *stream(asked: EngineRequest): AsyncGenerator<unknown> {
    const response = await this.#send({ ...asked, timeoutMs: 0 }, `/v${await this.#negotiated()}`)
    if ((response.statusCode ?? 0) >= 300) understood(asked, response.statusCode ?? 0, await bounded(response))
    let text = ''
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = `${text}${chunk}`.split('\n')
      text = lines.pop() ?? ''
      if (text.length > MAX_ANSWER_OCTETS) throw new TargetUnreachableError('Docker sent a line without an end')
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line)
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  /** Asked anew after a failure: the daemon may be another one by then. */
  #negotiated(): Promise<string> {
    this.#version ??= this.#negotiate().catch((cause) => {
      this.#version = undefined
      throw cause
    })
    return this.#version
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
      else reject(new TargetUnreachableError(`Docker does not answer (${cause.code ?? cause.name})`, cause))
    })
    sent.end(text)
    return promise
  }
}

async function bounded(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let octets = 0
  try {
    for await (const part of response) {
      octets += part.length
      if (octets > MAX_ANSWER_OCTETS) throw new Error('the answer is too long')
      parts.push(part)
    }
  } catch (cause) {
    throw new TargetUnreachableError('Docker did not finish its answer', cause)
  }
  return Buffer.concat(parts)
}

function understood(
  { method = 'GET', path, expect = [] }: EngineRequest,
  status: number,
  octets: Buffer,
): EngineAnswer {
  const body = asJson(octets)
  if (status >= 400 && !expect.includes(status))
    throw new DockerRefusedError(`${method} ${path}`, status, errorShape.safeParse(body).data?.message ?? '')
  return { status, body, octets }
}

function asJson(octets: Buffer): unknown {
  try {
    return JSON.parse(octets.toString())
  } catch {
    return undefined
  }
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [thanMajor = 0, thanMinor = 0] = than.split('.').map(Number)
  return major !== thanMajor ? major < thanMajor : minor < thanMinor
}
