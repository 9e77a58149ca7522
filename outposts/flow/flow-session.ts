import { hash } from 'node:crypto'
import type { AxiosInstance } from 'axios'
import { joinUrl } from '#schema/kernel/url-join.ts'

const MAX_HOPS = 10
const MAX_COOKIES = 20
const MAX_COOKIE_OCTETS = 8192
/** Of the core's session (sheet outpost-protocol §5). */
const SESSION_COOKIE = 'authentik_session'

export interface SessionAnswer {
  readonly status: number
  /** Parsed JSON; undefined for anything else. */
  readonly body: unknown
}

export interface SessionOptions {
  readonly http: AxiosInstance
  readonly host: URL
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** A browser of a few lines: cookies of one origin, redirects followed by hand and never off that origin. */
export class FlowSession {
  readonly #options: SessionOptions
  readonly #cookies = new Map<string, string>()
  /** When the core's session ends, ms since the epoch, if it says so. */
  expires: number | undefined

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** SHA-256 hex of the session's key, by which the core tells that the session has ended; undefined without one. */
  get hash(): string | undefined {
    const key = this.#cookies.get(SESSION_COOKIE)
    return key === undefined ? undefined : hash('sha256', key, 'hex')
  }

  /** Rejects when there is no answer, or it redirects elsewhere or for ever. `path` is below `/api/v3`, sent as it is. */
  async request(method: 'GET' | 'POST', path: string, body?: unknown): Promise<SessionAnswer> {
    let url = joinUrl(this.#options.host, `/api/v3${path}`)
    let send = { method, body }
    for (let hop = 0; hop <= MAX_HOPS; hop++) {
      const answer = await this.#once(url, send)
      if (answer.status < 300 || answer.status > 399 || answer.location === undefined) return answer
      const next = URL.parse(answer.location, url)
      if (next === null || next.origin !== url.origin) throw new Error('redirected to another origin')
      url = next
      send = { method: 'GET', body: undefined }
    }
    throw new Error('redirected too often')
  }

  async #once(
    url: URL,
    { method, body }: { method: string; body: unknown },
  ): Promise<SessionAnswer & { location: string | undefined }> {
    const { http, headers, signal } = this.#options
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await http.request<string>({
      method,
      url: url.href,
      signal,
      headers: {
        ...headers,
        ...(cookie === '' ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      data: body === undefined ? undefined : JSON.stringify(body),
    })
    for (const line of answer.headers['set-cookie'] ?? []) this.#keep(line)
    const location = answer.headers['location']
    return {
      status: answer.status,
      body: parse(answer.data),
      location: typeof location === 'string' ? location : undefined,
    }
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at < 1 || pair.length > MAX_COOKIE_OCTETS || (this.#cookies.size >= MAX_COOKIES && !this.#cookies.has(name)))
      return
    this.#cookies.set(name, pair.slice(at + 1).trim())
    const expires = attributes.map((text) => /^\s*expires=(.+)$/i.exec(text)?.[1]).find((text) => text !== undefined)
    if (name === SESSION_COOKIE && expires !== undefined) this.expires = Date.parse(expires) || undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
