import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import type { OutpostHost, OutpostObject, ProtocolServer } from '#outposts/kind.ts'
import { listenTcp } from '#outposts/listen-tcp.ts'
import { type ProxyOutpostConfig, proxyOutpostConfig } from '#schema/api/outpost-providers.ts'
import { PagedList } from '#schema/client/pages.ts'
import { isIn, parseNetwork, plainAddress } from '#schema/kernel/networks.ts'
import type { Revocation } from '#schema/wire/messages.ts'
import { Application } from '../application.ts'
import type { CorePlaces } from '../codec/endpoints.ts'
import { HttpMetrics } from '../metrics.ts'
import { readProvider } from '../provider-settings.ts'
import { Revocations } from '../session/revocations.ts'
import { BackChannel } from '../sign-in/back-channel.ts'
import { SignIn } from '../sign-in/sign-in.ts'
import { Upgrades } from '../upstream/upgrades.ts'
import { Upstream } from '../upstream/upstream.ts'
import { MisconfigurationReport } from './misconfiguration.ts'
import { RequestRouter, type Serving } from './request-router.ts'

const LIMITS = { maxHeaderSize: 64 * 1024, headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 65_000 }
/** Nothing lives longer that a revocation could still be about. */
const FORGET_EVERY_MS = 3_600_000
const LONGEST_SESSION_MS = 31 * 86_400_000

/** Serves HTTP and HTTPS for the providers of an outpost. */
export class ProxyServer implements ProtocolServer {
  readonly #host: OutpostHost
  readonly #list: PagedList
  readonly #revocations = new Revocations()
  readonly #router: RequestRouter
  readonly #upgrades: Upgrades
  readonly #trusted: (address: string | undefined) => boolean
  readonly #forget: NodeJS.Timeout
  #serving: Serving = { byHost: new Map(), upstreams: new Map() }
  #applications = new Map<string, Application>()
  #places: string | undefined
  #channel: BackChannel
  #servers: readonly Server[] = []

  constructor(host: OutpostHost) {
    this.#host = host
    this.#list = new PagedList(host.core, { path: '/outposts/proxy/' })
    const networks = host.config.trustedProxyCidrs.map((cidr) => parseNetwork(cidr)!)
    this.#trusted = (address) => address !== undefined && isIn(networks, plainAddress(address))
    this.#channel = new BackChannel(this.#corePlaces({}), host)
    const report = new MisconfigurationReport(host.core, host.clock, host.log)
    const serving = () => this.#serving
    this.#router = new RequestRouter({
      serving,
      signIn: new SignIn({
        channel: { get: (path) => this.#channel.get(path), post: (path, form) => this.#channel.post(path, form) },
        clock: host.clock,
        log: host.log,
      }),
      isTrusted: this.#trusted,
      misconfigured: (misunderstanding) => report.report(misunderstanding),
      metrics: new HttpMetrics(host.metrics),
      log: host.log,
    })
    this.#upgrades = new Upgrades(serving, this.#trusted, host.log)
    this.#forget = setInterval(
      () => this.#revocations.forgetBefore(host.clock.now() - LONGEST_SESSION_MS),
      FORGET_EVERY_MS,
    )
    this.#forget.unref()
  }

  /** The ports that are listened on: HTTP, then HTTPS. */
  get ports(): readonly number[] {
    return this.#servers.map((server) => (server.address() as { port: number }).port)
  }

  /** What is served now. */
  get applications(): Iterable<Application> {
    return this.#applications.values()
  }

  async configure(outpost: OutpostObject): Promise<void> {
    const providers = (await this.#list.read()).flatMap((raw) => this.#parse(raw))
    await this.#host.certificates.refresh(providers.flatMap(({ certificate }) => certificate ?? []))
    const places = this.#corePlaces(outpost.config)
    const isMoved = JSON.stringify(places) !== this.#places
    if (isMoved) {
      const before = this.#channel
      this.#channel = new BackChannel(places, this.#host)
      void before.close()
    }
    this.#places = JSON.stringify(places)
    this.#swap(providers, places, { name: outpost.name, isMoved })
  }

  async listen(): Promise<void> {
    const { http, https } = this.#host.config.listen
    const handle = (req: IncomingMessage, res: ServerResponse) => void this.#router.handle(req, res)
    const upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) =>
      void this.#upgrades.handle(req, socket, head)
    const plain = createHttpServer(LIMITS, handle)
    const secure = createTlsServer(
      { ...LIMITS, minVersion: 'TLSv1.2', SNICallback: (name, done) => done(null, this.#certificateFor(name)) },
      handle,
    )
    // Whoever names no host gets the certificate that stands in.
    secure.setSecureContext(this.#host.certificates.fallbackPair())
    for (const server of [plain, secure]) server.on('upgrade', upgrade)
    this.#servers = [await listenTcp(plain, http), await listenTcp(secure, https)]
  }

  revoke(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) this.#revocations.add(revocation)
    for (const application of this.#applications.values()) application.bearers.clear()
    this.#upgrades.recheck()
  }

  async close(signal: AbortSignal): Promise<void> {
    clearInterval(this.#forget)
    this.#upgrades.close()
    const closed = this.#servers.map(async (server) => {
      const gone = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      signal.addEventListener('abort', () => server.closeAllConnections(), { once: true })
      await gone
    })
    await Promise.all(closed)
    await this.#channel.close()
    await Promise.all([...this.#serving.upstreams.values()].map((upstream) => upstream.close()))
  }

  /** The new picture: what has not changed keeps its sessions and connections. */
  #swap(
    providers: readonly ProxyOutpostConfig[],
    places: CorePlaces,
    { name, isMoved }: { name: string; isMoved: boolean },
  ): void {
    const applications = new Map<string, Application>()
    const byHost = new Map<string, Application>()
    const upstreams = new Map<Application, Upstream>()
    for (const config of providers) {
      const key = JSON.stringify([name, config])
      const application = (isMoved ? undefined : this.#applications.get(key)) ?? this.#application(config, places, name)
      if (application === undefined) continue
      const { host, upstream, mode } = application.settings
      applications.set(key, application)
      if (byHost.has(host))
        this.#host.log.warning('two providers have the same external host; the first one is served', {
          provider: config.name,
        })
      else byHost.set(host, application)
      const known = this.#serving.upstreams.get(application)
      if (mode === 'proxy' && upstream !== undefined)
        upstreams.set(application, known ?? new Upstream({ ...application.settings, upstream }))
    }
    const before = this.#serving
    this.#applications = applications
    this.#serving = { byHost, upstreams }
    for (const [application, upstream] of before.upstreams) if (!upstreams.has(application)) void upstream.close()
  }

  #application(config: ProxyOutpostConfig, places: CorePlaces, outpostName: string): Application | undefined {
    const settings = readProvider(config, places)
    if ('problem' in settings) {
      this.#host.log.warning('a provider cannot be served and is left out', {
        provider: config.name,
        problem: settings.problem,
      })
      return undefined
    }
    return new Application(settings, {
      channel: this.#channel,
      revocations: this.#revocations,
      clock: this.#host.clock,
      outpostName,
    })
  }

  #parse(raw: unknown): ProxyOutpostConfig[] {
    const parsed = proxyOutpostConfig.safeParse(raw)
    if (!parsed.success)
      this.#host.log.warning('a provider cannot be read and is left out', { cause: parsed.error.message.slice(0, 500) })
    return parsed.success ? [parsed.data] : []
  }

  #corePlaces(config: OutpostObject['config']): CorePlaces {
    const named = typeof config['authentik_host'] === 'string' ? URL.parse(config['authentik_host']) : null
    return { host: this.#host.config.host, named: named ?? undefined, browser: this.#host.config.hostBrowser }
  }

  #certificateFor(name: string): SecureContext {
    const { certificates } = this.#host
    const application = [...this.#serving.byHost.values()].find(
      ({ settings }) => settings.external.hostname === name.toLowerCase(),
    )
    return certificates.get(application?.settings.certificate) ?? certificates.fallback()
  }
}
