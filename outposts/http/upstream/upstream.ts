import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { Agent } from 'undici'
import { downstreamHeaders, type UpstreamHeaderOptions, upstreamHeaders } from '../codec/upstream-headers.ts'
import type { ProviderSettings } from '../provider-settings.ts'

const CONNECTIONS = 256
const CONNECT_MS = 10_000
const HEADERS_MS = 120_000

/** The application behind a provider in proxy mode: requests and answers are streamed, both ways. */
export class Upstream {
  readonly origin: URL
  readonly #agent: Agent
  readonly #basePath: string

  constructor({ upstream, verifiesUpstream }: Pick<ProviderSettings, 'verifiesUpstream'> & { readonly upstream: URL }) {
    this.origin = upstream
    this.#basePath = upstream.pathname.replace(/\/+$/, '')
    this.#agent = new Agent({
      connections: CONNECTIONS,
      pipelining: 1,
      headersTimeout: HEADERS_MS,
      // A stream of events may be silent for as long as it likes.
      bodyTimeout: 0,
      connect: { timeout: CONNECT_MS, rejectUnauthorized: verifiesUpstream },
    })
  }

  /** The path of a request as the application gets it. */
  pathOf(url: string): string {
    return `${this.#basePath}${url}`
  }

  /** Passes a request on and its answer back; rejects, with nothing sent, when the application does not answer. */
  async pass(req: IncomingMessage, res: ServerResponse, options: UpstreamHeaderOptions): Promise<void> {
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined
    const answer = await this.#agent.request({
      origin: this.origin.origin,
      path: this.pathOf(req.url ?? '/'),
      method: req.method as 'GET',
      headers: upstreamHeaders(req.rawHeaders, options),
      body: hasBody ? req : null,
      responseHeaders: 'raw',
      signal: gone.signal,
    })
    const raw = (answer.headers as unknown as ReadonlyArray<Buffer | string>).map((part) =>
      typeof part === 'string' ? part : part.toString('latin1'),
    )
    res.writeHead(answer.statusCode, downstreamHeaders(raw))
    res.flushHeaders()
    await pipeline(answer.body, res)
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}
