import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import axios, { type AxiosInstance, type AxiosResponse } from 'axios'
import type { OutpostConfig } from '#outposts/config/outpost-config.ts'
import type { CoreClient, CoreRequest, CoreResponse } from '#schema/client/request.ts'
import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import { CoreRefusedError, CoreUnreachableError } from '#schema/kernel/errors.ts'
import { joinUrl } from '#schema/kernel/url-join.ts'
import { VERSION } from '#schema/version.ts'

const TIMEOUT_MS = 15_000
const MAX_ANSWER_OCTETS = 64 * 1024 * 1024
const ATTEMPTS = 3
const BETWEEN_ATTEMPTS = { firstMs: 200, capMs: 2_000 }

/** How outposts introduce themselves (sheet outpost-protocol §1.3). */
export const USER_AGENT = `goauthentik.io/outpost/${VERSION}`

/** The one HTTP client of an outpost: connections are kept, redirects are not followed, answers have a size. */
export function createHttp({ insecure }: Pick<OutpostConfig, 'insecure'>): AxiosInstance {
  return axios.create({
    timeout: TIMEOUT_MS,
    maxRedirects: 0,
    maxContentLength: MAX_ANSWER_OCTETS,
    maxBodyLength: MAX_ANSWER_OCTETS,
    validateStatus: () => true,
    responseType: 'text',
    transformResponse: (text) => text,
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: 32 }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: 32, rejectUnauthorized: !insecure }),
    proxy: false,
    headers: { 'user-agent': USER_AGENT, accept: 'application/json' },
  })
}

/** Calls as the outpost's service account; GET is tried again, with jitter, while the core is out of reach. */
export function createCoreClient(
  http: AxiosInstance,
  { host, token }: Pick<OutpostConfig, 'host' | 'token'>,
  random: Random,
): CoreClient {
  const once = async ({ method = 'GET', path, query = {}, body, etag, signal }: CoreRequest): Promise<CoreResponse> => {
    const url = joinUrl(host, `/api/v3${path}`)
    for (const [name, value] of Object.entries(query))
      for (const each of Array.isArray(value) ? value : [value])
        if (each !== undefined) url.searchParams.append(name, String(each))
    const headers: Record<string, string> = { authorization: `Bearer ${token.reveal()}` }
    if (etag !== undefined) headers['if-none-match'] = etag
    if (body !== undefined) headers['content-type'] = 'application/json'
    const options = { method, url: url.href, headers, data: body === undefined ? undefined : JSON.stringify(body) }
    const answer = await http
      .request<string>(signal === undefined ? options : { ...options, signal })
      .catch((cause) => {
        throw new CoreUnreachableError('the core does not answer', withoutRequest(cause))
      })
    return understood(answer)
  }
  return {
    async request(request) {
      const attempts = (request.method ?? 'GET') === 'GET' ? ATTEMPTS : 1
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(request)
        } catch (error) {
          if (attempt >= attempts || !isWorthRetrying(error) || request.signal?.aborted) throw error
          await wait(
            backoffMs(attempt, random, BETWEEN_ATTEMPTS),
            undefined,
            request.signal === undefined ? {} : { signal: request.signal },
          )
        }
      }
    },
  }
}

const isWorthRetrying = (error: unknown) =>
  (error instanceof CoreUnreachableError || error instanceof CoreRefusedError) && error.retryable

/** An error of the HTTP library carries the request and with it the token; only what happened is kept. */
function withoutRequest(cause: unknown): Error {
  const { code, message } = cause as { code?: string; message?: string }
  return new Error(code ?? message ?? 'request failed')
}

function understood({ status, data, headers }: AxiosResponse<string>): CoreResponse {
  if (status === 304) return { kind: 'not-modified' }
  const body = parse(data)
  if (status >= 400) throw new CoreRefusedError(status, body)
  if (status >= 300 || (body === undefined && data !== ''))
    throw new CoreUnreachableError(`the core answered ${status}, but not with JSON`)
  return { kind: 'ok', status, body, etag: headers['etag'] === undefined ? undefined : String(headers['etag']) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
