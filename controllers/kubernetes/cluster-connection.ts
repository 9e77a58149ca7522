import { HttpMethod, RequestContext } from '@kubernetes/client-node'
import { Agent, type Dispatcher, request } from 'undici'
import { ServiceConnectionError, TargetUnreachableError } from '#controllers/target/target-error.ts'
import type { Credentials } from './credentials.ts'

const TIMEOUT_MS = 15_000
/** More than any answer to a question that is asked here. */
const MAX_OCTETS = 16 * 1024 * 1024

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpAnswer {
  readonly status: number
  readonly text: string
}

/**
 * HTTP to one API server with a connection's credentials. The library's own calls would make a new TLS connection
 * for each request, follow redirects, and know no limits.
 */
export class ClusterConnection implements AsyncDisposable {
  readonly #credentials: Credentials
  #dispatcher: Dispatcher | undefined

  constructor(credentials: Credentials) {
    this.#credentials = credentials
  }

  /** One request and its whole answer; rejects with a TargetUnreachableError when there is none in time. */
  async send(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    try {
      const { statusCode, body } = await this.#request(call, { signal: within })
      return { status: statusCode, text: await textOf(body) }
    } catch (error) {
      throw this.#unreachable(error, signal)
    }
  }

  /** Answers that never end, line by line; ends without an error when nothing came for `silentMs`. */
  async *lines(call: HttpCall, silentMs: number, signal: AbortSignal): AsyncGenerator<HttpAnswer> {
    try {
      const { statusCode, body } = await this.#request(call, { signal, bodyTimeout: silentMs })
      let rest = ''
      body.setEncoding('utf8')
      for await (const chunk of body) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()!
        if (rest.length > MAX_OCTETS) throw new Error('a line that is too long')
        yield* lines.filter((line) => line !== '').map((text) => ({ status: statusCode, text }))
      }
      if (rest !== '') yield { status: statusCode, text: rest }
    } catch (error) {
      if (codeOf(error) !== 'UND_ERR_BODY_TIMEOUT') throw this.#unreachable(error, signal)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher?.destroy()
  }

  async #request({ method, path, headers, body }: HttpCall, options: { signal: AbortSignal; bodyTimeout?: number }) {
    const { config, headers: always } = this.#credentials
    const url = `${config.getCurrentCluster()!.server}${path}`
    const context = new RequestContext(url, HttpMethod.GET)
    try {
      // Each time, because tokens in files change; it also makes a dispatcher each time, of which one is used.
      await config.applySecurityAuthentication(context)
    } catch (cause) {
      throw new ServiceConnectionError('the credentials of the service connection cannot be used', { cause })
    }
    this.#dispatcher ??= context.getDispatcher() ?? new Agent({ connect: { timeout: TIMEOUT_MS } })
    return request(url, {
      method,
      headers: { accept: 'application/json', ...context.getHeaders(), ...always, 'user-agent': 'martello', ...headers },
      ...(body === undefined ? {} : { body }),
      dispatcher: this.#dispatcher,
      headersTimeout: TIMEOUT_MS,
      ...options,
    })
  }

  /** What a failed request is: our own wish to stop, a wrong setting, or a cluster that does not answer. */
  #unreachable(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason
    if (error instanceof ServiceConnectionError) return error
    // The next attempt reads the certificates of then.
    void this.#dispatcher?.close().catch(() => {})
    this.#dispatcher = undefined
    return new TargetUnreachableError(`the cluster does not answer (${codeOf(error)})`, error)
  }
}

const codeOf = (error: unknown): string => {
  const { code, name } = error as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : String(name)
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of body) {
    octets += chunk.length
    if (octets > MAX_OCTETS) throw new Error('an answer that is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
