import { createHash, randomBytes } from 'node:crypto'

/** What an application knows about its provider. */
export interface Registration {
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri?: string
}

export interface Tokens {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, string>
}

/** A browser of one user and an application that sends it around: plain fetch, nothing of ours. */
export class RelyingParty {
  readonly origin: string
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly #cookies = new Map<string, string>()

  constructor(
    origin: string,
    { clientId, clientSecret, redirectUri = 'https://rp.example.com/callback' }: Registration,
  ) {
    this.origin = origin
    this.clientId = clientId
    this.clientSecret = clientSecret
    this.redirectUri = redirectUri
  }

  setCookie(name: string, value: string): void {
    this.#cookies.set(name, value)
  }

  /** One request of the browser; redirects are not followed. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const url = new URL(path, this.origin)
    const response = await fetch(url, { redirect: 'manual', ...init, headers: { cookie, ...init.headers } })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]!.split('=')
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return response
  }

  authorizeUrl(params: Record<string, string | undefined> = {}): string {
    const all = {
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      scope: 'openid email profile',
      state: 'a-state',
      nonce: 'a-nonce',
      ...params,
    }
    const given = Object.entries(all).filter((each): each is [string, string] => each[1] !== undefined)
    return `/application/o/authorize/?${new URLSearchParams(given)}`
  }

  /** Asks for authorization and goes wherever the core sends the browser, as long as that is the core's own provider. */
  async authorize(
    params: Record<string, string | undefined> = {},
  ): Promise<{ response: Response; location: URL | undefined }> {
    let response = await this.fetch(this.authorizeUrl(params))
    for (let hops = 0; hops < 10; hops++) {
      const header = response.headers.get('location')
      const location = header === null ? undefined : new URL(header, this.origin)
      if (location === undefined || location.origin !== this.origin || !location.pathname.startsWith('/application/o/'))
        return { response, location }
      await response.body?.cancel()
      response = await this.fetch(location.pathname + location.search)
    }
    throw new Error('the core sends the browser in circles')
  }

  /** The code of a whole authorization; an error that tells what came instead. */
  async code(params: Record<string, string | undefined> = {}): Promise<string> {
    const { response, location } = await this.authorize(params)
    const code = location?.searchParams.get('code')
    if (!code) throw new Error(`no code: ${response.status} ${location} ${await response.text()}`)
    return code
  }

  /** A POST of the application itself, with its credentials in the form unless `form` says otherwise. */
  async post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Tokens> {
    const credentials: Record<string, string> =
      'authorization' in headers ? {} : { client_id: this.clientId, client_secret: this.clientSecret }
    const body = new URLSearchParams({ ...credentials, ...form })
    const response = await fetch(new URL(`/application/o/${path}/`, this.origin), { method: 'POST', body, headers })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text.startsWith('{') ? (JSON.parse(text) as Record<string, string>) : {},
    }
  }

  redeem(code: string, form: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Tokens> {
    return this.post(
      'token',
      { grant_type: 'authorization_code', code, redirect_uri: this.redirectUri, ...form },
      headers,
    )
  }

  refresh(token: string): Promise<Tokens> {
    return this.post('token', { grant_type: 'refresh_token', refresh_token: token })
  }

  async userInfo(token: string): Promise<Response> {
    return fetch(new URL('/application/o/userinfo/', this.origin), { headers: { authorization: `Bearer ${token}` } })
  }
}

export interface Pkce {
  readonly verifier: string
  readonly challenge: { readonly code_challenge: string; readonly code_challenge_method: string }
}

/** A fresh verifier with the parameters that announce it (RFC 7636). */
export function pkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url')
  const code_challenge = createHash('sha256').update(verifier).digest('base64url')
  return { verifier, challenge: { code_challenge, code_challenge_method: 'S256' } }
}
