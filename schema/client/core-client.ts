import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import { CoreRefusedError, CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import { joinUrl } from '#schema/kernel/url-join.ts'
import { VERSION } from '#schema/version.ts'
import type { CoreClient, CoreRequest, CoreResponse } from './request.ts'

/** How outposts and controllers introduce themselves (sheet outpost-protocol §1.3). */
export const USER_AGENT = `goauthentik.io/outpost/${VERSION}`

export interface HttpRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly signal: AbortSignal | undefined
}

export interface HttpResponse {
  readonly status: number
  readonly text: string
  readonly etag: string | undefined
}

/**
 * How octets travel: follows no redirect, bounds time and size, resolves for every status, and rejects with an error
 * that carries nothing of the request.
 */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>

export interface CoreClientOptions {
  readonly host: URL
  readonly token: Secret
  readonly random: Random
  /** Rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>
}

const ATTEMPTS = 3
const BETWEEN_ATTEMPTS = { firstMs: 200, capMs: 2_000 }

/** Calls to a core with a token; GET is tried again, with jitter, while the core is out of reach. */
export function createCoreClient(transport: Transport, { host, token, random, sleep }: CoreClientOptions): CoreClient {
  const once = async (request: CoreRequest): Promise<CoreResponse> => {
    const answer = await transport(toHttp(request, host, token)).catch((cause) => {
      throw new CoreUnreachableError(`the core at ${host.origin}${host.pathname} does not answer`, cause)
    })
    return understood(answer, host)
  }
  return {
    async request(request) {
      const attempts = (request.method ?? 'GET') === 'GET' ? ATTEMPTS : 1
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(request)
        } catch (error) {
          if (attempt >= attempts || !isWorthRetrying(error) || request.signal?.aborted) throw error
          await sleep(backoffMs(attempt, random, BETWEEN_ATTEMPTS), request.signal)
        }
      }
    },
  }
}

function toHttp(
  { method = 'GET', path, query = {}, body, etag, signal }: CoreRequest,
  host: URL,
  token: Secret,
): HttpRequest {
  const url = joinUrl(host, `/api/v3${path}`)
  for (const [name, value] of Object.entries(query))
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined) url.searchParams.append(name, String(each))
  const headers: Record<string, string> = {
    accept: 'application/json',
    authorization: `Bearer ${token.reveal()}`,
    'user-agent': USER_AGENT,
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  return { method, url, headers, body: body === undefined ? undefined : JSON.stringify(body), signal }
}

const isWorthRetrying = (error: unknown) =>
  (error instanceof CoreUnreachableError || error instanceof CoreRefusedError) && error.retryable

function understood({ status, text, etag }: HttpResponse, host: URL): CoreResponse {
  if (status === 304) return { kind: 'not-modified' }
  const body = parse(text)
  if (status >= 400) throw new CoreRefusedError(status, body)
  if (status >= 300 || (body === undefined && text !== ''))
    throw new CoreUnreachableError(`the core at ${host.origin}${host.pathname} answered ${status}, but not with JSON`)
  return { kind: 'ok', status, body, etag }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
