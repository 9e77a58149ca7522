import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { kind } from '#outposts/http/kind.ts'
import type { ProxyServer } from '#outposts/http/server/proxy-server.ts'
import { SAMPLE_PASSWORD, startCore, type TestCore } from './core.ts'
import { freePort } from './engines/process.ts'
import { startOutpost, type TestOutpost, type TestOutpostOptions, tokenOf } from './outpost.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** The `Host` header. */
  readonly to?: string
  readonly body?: string
}

/** A request as the application got it. */
export interface Seen {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly raw: readonly string[]
  readonly body: string
}

const SCOPES = 'openid email profile ak_proxy offline_access'

/** A core, a proxy outpost that serves the named applications, and one program behind them all. */
export class HttpFleet implements AsyncDisposable {
  readonly core: TestCore
  readonly port: number
  readonly metricsPort: number
  #seen: Seen | undefined
  readonly #externalPort: number
  readonly #owned: AsyncDisposableStack

  private constructor(
    core: TestCore,
    { outpost }: TestOutpost,
    { upstream, externalPort, owned }: { upstream: Server; externalPort: number; owned: AsyncDisposableStack },
  ) {
    this.core = core
    this.port = (outpost.server as ProxyServer).ports[0]!
    this.metricsPort = outpost.metricsPort
    this.#externalPort = externalPort
    this.#owned = owned
    upstream.on('request', (req: IncomingMessage, res) => {
      const parts: Buffer[] = []
      req.on('data', (part: Buffer) => parts.push(part))
      req.on('end', () => {
        this.#note(req, Buffer.concat(parts).toString())
        res.writeHead(200, { 'x-application': 'yes', 'set-cookie': 'own=1' }).end('the application')
      })
    })
    new WebSocketServer({ server: upstream }).on('connection', (socket, req) => {
      this.#note(req, '')
      socket.on('message', (data) => socket.send(data))
    })
  }

  /** Starts it with these applications: fields of their providers, by name. The application is reached as `/base`. */
  static async start(
    applications: Readonly<Record<string, object>>,
    options: TestOutpostOptions = {},
  ): Promise<HttpFleet> {
    await using starting = new AsyncDisposableStack()
    const upstream = createServer().listen(0, '127.0.0.1')
    starting.defer(() => {
      upstream.close()
      upstream.closeAllConnections()
    })
    await once(upstream, 'listening')
    const core = starting.use(await startCore())
    const externalPort = await freePort()
    const flows = await core.api('GET', '/flows/instances/?designation=authorization')
    const providers: number[] = []
    for (const [name, fields] of Object.entries(applications)) {
      const provider = await must(
        core.api('POST', '/providers/proxy/', {
          name,
          authorization_flow: flows.body.results[0].pk,
          external_host: `http://${name}.localhost:${externalPort}`,
          internal_host: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/base`,
          ...fields,
        }),
      )
      await must(core.api('POST', '/core/applications/', { name, slug: name, provider: provider.pk }))
      providers.push(provider.pk)
    }
    const { pk, token } = await tokenOf(core.api, 'proxy')
    await must(core.api('PATCH', `/outposts/instances/${pk}/`, { config: { authentik_host: core.url }, providers }))
    const outpost = starting.use(await startOutpost(kind, core.url, token, options))
    return new HttpFleet(core, outpost, { upstream, externalPort, owned: starting.move() })
  }

  /** What the application got last. */
  get seen(): Seen | undefined {
    return this.#seen
  }

  /** What it got before is not `seen` any more. */
  forget(): void {
    this.#seen = undefined
  }

  /** The external host of an application. */
  host(name: string): string {
    return `${name}.localhost:${this.#externalPort}`
  }

  /** A request to the outpost (or, for the core's own host, to the core), with exactly these headers. */
  async ask(path: string, { method = 'GET', headers = {}, to = this.host('app'), body }: Asking = {}): Promise<Answer> {
    const atCore = to === new URL(this.core.url).host
    const req = request({
      host: '127.0.0.1',
      port: atCore ? new URL(this.core.url).port : this.port,
      path,
      method,
      headers: { host: to, ...(headers as Record<string, string | string[]>) },
    })
    req.end(body)
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    const parts: Buffer[] = []
    for await (const part of res) parts.push(part as Buffer)
    return { status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(parts).toString() }
  }

  /** Asks for a WebSocket; the open one, or the status of the refusal. */
  async upgrade(
    path: string,
    headers: Readonly<Record<string, string>> = {},
    to = this.host('app'),
  ): Promise<WebSocket | number> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, { headers: { host: to, ...headers } })
    const refused = once(socket, 'unexpected-response').then(([, res]) => (res as IncomingMessage).statusCode ?? 0)
    socket.on('error', () => {})
    return Promise.race([once(socket, 'open').then(() => socket), refused])
  }

  /** The tokens that an application of this provider gets for a user: all that the core can issue. */
  async tokens(
    name: string,
    visitor: Visitor,
  ): Promise<Readonly<Record<'access_token' | 'refresh_token' | 'id_token', string>>> {
    const { body } = await this.core.api('GET', '/outposts/proxy/')
    const provider = body.results.find((each: { name: string }) => each.name === name)
    const redirect_uri = `http://${this.host(name)}/outpost.goauthentik.io/callback?X-authentik-auth-callback=true`
    const asked = { client_id: provider.client_id, redirect_uri, response_type: 'code', scope: SCOPES, state: 'state' }
    const { location } = await visitor.open(`${this.core.url}/application/o/authorize/?${new URLSearchParams(asked)}`, {
      follow: (url) => url.origin === this.core.url,
    })
    const code = location?.searchParams.get('code') ?? ''
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri,
      client_id: provider.client_id,
      client_secret: provider.client_secret,
    })
    const response = await fetch(`${this.core.url}/application/o/token/`, { method: 'POST', body: form })
    if (!response.ok) throw new Error(`no tokens: ${location} ${await response.text()}`)
    return (await response.json()) as Record<'access_token' | 'refresh_token' | 'id_token', string>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }

  #note(req: IncomingMessage, body: string): void {
    this.#seen = { url: req.url ?? '', headers: req.headers, raw: req.rawHeaders, body }
  }
}

async function must(call: Promise<{ status: number; body: any }>): Promise<any> {
  const { status, body } = await call
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`)
  return body
}

interface Opening {
  readonly form?: Readonly<Record<string, string>>
  readonly method?: string
  /** Whether a redirect is followed. */
  readonly follow?: (url: URL) => boolean
}

/** Where a visitor has arrived; `location` is where the last answer leads that was not followed. */
export type Arrival = Answer & { readonly url: string; readonly location: URL | undefined }

/** A browser: cookies by host, redirects, the two forms of the sign-in. */
export class Visitor {
  readonly #fleet: HttpFleet
  readonly #jars = new Map<string, Map<string, string>>()

  constructor(fleet: HttpFleet) {
    this.#fleet = fleet
  }

  cookie(to = this.#fleet.host('app')): string {
    return [...(this.#jars.get(to) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** As somebody who edits their cookies. */
  setCookie(name: string, value: string | undefined, to = this.#fleet.host('app')): void {
    const jar = this.#jars.get(to)
    if (value === undefined) jar?.delete(name)
    else jar?.set(name, value)
  }

  async open(url: string, { form, method, follow = () => true }: Opening = {}): Promise<Arrival> {
    const at = new URL(url)
    const isPost = form !== undefined
    const answer = await this.#fleet.ask(at.pathname + at.search, {
      to: at.host,
      method: method ?? (isPost ? 'POST' : 'GET'),
      headers: {
        cookie: this.cookie(at.host),
        ...(isPost ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(isPost ? { body: new URLSearchParams(form).toString() } : {}),
    })
    this.#keep(at.host, answer)
    const location = answer.headers.location === undefined ? undefined : new URL(answer.headers.location, url)
    if (location === undefined || !follow(location)) return { ...answer, url, location }
    return this.open(location.href, { follow })
  }

  /** Opens an address and signs in at the core on the way there. */
  async signIn(
    url = `http://${this.#fleet.host('app')}/`,
    { username = 'demo', follow }: { username?: string } & Pick<Opening, 'follow'> = {},
  ): Promise<Arrival> {
    const options = follow === undefined ? {} : { follow }
    let page = await this.open(url, options)
    for (const answer of [{ uid_field: username }, { password: SAMPLE_PASSWORD }]) {
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
      const component = /name="component" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
      page = await this.open(page.url, { ...options, form: { csrf, component, ...answer } as Record<string, string> })
    }
    return page
  }

  #keep(host: string, answer: Answer): void {
    const jar = this.#jars.get(host) ?? new Map<string, string>()
    this.#jars.set(host, jar)
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [name = '', value = ''] = line.split(';')[0]!.split(/=(.*)/s)
      if (/Max-Age=0|1970/.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
  }
}
