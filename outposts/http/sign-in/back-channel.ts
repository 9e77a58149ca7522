import { buffer } from 'node:stream/consumers'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import type { OutpostConfig } from '#outposts/config/outpost-config.ts'
import type { CorePlaces } from '#outposts/http/codec/endpoints.ts'
import type { OutpostHost } from '#outposts/kind.ts'
import { USER_AGENT } from '#schema/client/core-client.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'

const TIMEOUT_MS = 10_000
const MAX_ANSWER_OCTETS = 1024 * 1024
const CONNECTIONS = 16

export interface BackChannelAnswer {
  readonly status: number
  /** Undefined if it is not JSON. */
  readonly body: unknown
}

type BackChannelHost = Pick<OutpostHost, 'mayAdmit'> & { readonly config: Pick<OutpostConfig, 'insecure'> }

/** Calls to the core about a sign-in, under the name by which browsers know it, so that it names itself the same. */
export class BackChannel {
  readonly #agent: Agent
  readonly #origin: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #mayAdmit: () => boolean

  constructor({ host, named }: CorePlaces, { config: { insecure }, mayAdmit }: BackChannelHost) {
    this.#mayAdmit = mayAdmit
    const connector = buildConnector({ rejectUnauthorized: !insecure, timeout: TIMEOUT_MS })
    this.#agent = new Agent({
      connections: CONNECTIONS,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      // The certificate is that of the place that is called, whatever the Host header says.
      connect: (options, done) => connector({ ...options, servername: host.hostname }, done),
    })
    this.#origin = host.origin
    this.#headers = {
      'user-agent': USER_AGENT,
      accept: 'application/json',
      ...(named === undefined ? {} : { host: named.host, 'x-forwarded-proto': named.protocol.slice(0, -1) }),
    }
  }

  /** Rejects with CoreUnreachableError, also when the core answers that it cannot. */
  async get(path: string): Promise<BackChannelAnswer> {
    return this.#request({ method: 'GET', path })
  }

  async post(path: string, form: Readonly<Record<string, string>>): Promise<BackChannelAnswer> {
    return this.#request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
    })
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #request(options: Pick<Dispatcher.RequestOptions, 'method' | 'path' | 'body'> & { headers?: object }) {
    if (!this.#mayAdmit()) throw new CoreUnreachableError('the core refuses this outpost')
    let status: number
    let text: string
    try {
      const answer = await this.#agent.request({
        ...options,
        origin: this.#origin,
        headers: { ...this.#headers, ...options.headers },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        maxRedirections: 0,
      } as Dispatcher.RequestOptions)
      status = answer.statusCode
      text = await limited(answer.body)
    } catch (cause) {
      throw new CoreUnreachableError('the core does not answer', cause)
    }
    if (status >= 500) throw new CoreUnreachableError(`the core answered ${status}`)
    return { status, body: asJson(text) }
  }
}

async function limited(body: Dispatcher.ResponseData['body']): Promise<string> {
  let octets = 0
  body.on('data', (chunk: Uint8Array) => {
    octets += chunk.length
    if (octets > MAX_ANSWER_OCTETS) body.destroy(new Error('the answer is too long'))
  })
  return (await buffer(body)).toString()
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
