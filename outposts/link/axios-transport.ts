import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import axios, { type AxiosInstance } from 'axios'
import type { OutpostConfig } from '#outposts/config/outpost-config.ts'
import { type Transport, USER_AGENT } from '#schema/client/core-client.ts'

const TIMEOUT_MS = 15_000
const MAX_ANSWER_OCTETS = 64 * 1024 * 1024
const MAX_SOCKETS = 32

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
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS, rejectUnauthorized: !insecure }),
    proxy: false,
    headers: { 'user-agent': USER_AGENT, accept: 'application/json' },
  })
}

/** No request goes on after `end`. */
export function axiosTransport(http: AxiosInstance, end: AbortSignal): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const answer = await http
      .request<string>({
        method,
        url: url.href,
        headers: { ...headers },
        data: body,
        signal: signal === undefined ? end : AbortSignal.any([end, signal]),
      })
      .catch((cause) => {
        throw withoutRequest(cause)
      })
    const etag = answer.headers['etag']
    return { status: answer.status, text: answer.data, etag: typeof etag === 'string' ? etag : undefined }
  }
}

/** An error of the library carries the request, and with it the token; only what happened is kept. */
function withoutRequest(cause: { code?: string; message?: string }): Error {
  return new Error(cause.code ?? cause.message ?? 'request failed')
}
