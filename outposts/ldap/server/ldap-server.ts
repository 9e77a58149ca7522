import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import type { OutpostHost, OutpostObject, ProtocolServer } from '#outposts/kind.ts'
import { listenTcp } from '#outposts/listen-tcp.ts'
import { ldapOutpostConfig } from '#schema/api/outpost-providers.ts'
import { PagedList } from '#schema/client/pages.ts'
import type { Revocation, WireChange } from '#schema/wire/messages.ts'
import { Binder } from '../bind/bind.ts'
import { BindCache, restingOn } from '../bind/bind-cache.ts'
import { BindOperation } from '../bind/bind-operation.ts'
import type { Bound } from '../bind/bound.ts'
import { ResultCode } from '../codec/result-code.ts'
import { LdapMetrics } from '../metrics.ts'
import { LdapProvider } from '../provider.ts'
import { DirectoryOperations } from '../search/directory-operations.ts'
import { DirectorySource } from '../search/directory-source.ts'
import { Connection } from './connection.ts'
import { ConnectionCount } from './connection-count.ts'
import { LDAP_LIMITS, type LdapLimits } from './limits.ts'
import { Operations } from './operations.ts'

const DIRECTORY_MODELS = new Set(['authentik_core.user', 'authentik_core.group'])

/** Serves LDAP and LDAPS for the providers of an outpost. */
export class LdapServer implements ProtocolServer {
  readonly #host: OutpostHost
  readonly #limits: LdapLimits
  readonly #source: DirectorySource
  readonly #providerList: PagedList
  readonly #cache: BindCache
  readonly #operations: Operations
  readonly #connections = new Set<Connection>()
  readonly #count: ConnectionCount
  #providers: readonly LdapProvider[] = []
  #servers: readonly Server[] = []
  #isRead = false
  #revalidating: Promise<void> | undefined

  constructor(host: OutpostHost, limits = LDAP_LIMITS) {
    this.#host = host
    this.#limits = limits
    this.#count = new ConnectionCount(limits.maxConnections, limits.maxConnectionsFromOneAddress)
    this.#source = new DirectorySource(host.core, host.log)
    this.#providerList = new PagedList(host.core, { path: '/outposts/ldap/' })
    this.#cache = new BindCache(host.clock)
    const shared = { providers: () => this.#providers, metrics: new LdapMetrics(host.metrics) }
    this.#operations = new Operations(
      new BindOperation({ ...shared, binder: new Binder(host, this.#cache) }),
      new DirectoryOperations({
        ...shared,
        source: this.#source,
        revalidate: () => this.#revalidate(),
        limits: { ...limits, now: () => performance.now() },
      }),
    )
  }

  /** The ports that are listened on: LDAP, then LDAPS. */
  get ports(): readonly number[] {
    return this.#servers.map((server) => (server.address() as { port: number }).port)
  }

  async configure(_outpost: OutpostObject, changes: readonly WireChange[] | undefined): Promise<void> {
    const isDirectoryOnly = this.#isRead && changes?.every(({ model }) => DIRECTORY_MODELS.has(model)) === true
    if (isDirectoryOnly) this.#reconsider(await this.#source.readChanges(changes))
    else {
      const providers = (await this.#providerList.read()).flatMap((raw) => this.#provider(raw))
      this.#reconsider(await this.#source.readAll())
      await this.#host.certificates.refresh(providers.flatMap(({ config }) => config.certificate ?? []))
      this.#providers = providers
      this.#endBoundElsewhere()
    }
    this.#isRead = true
    // Built here, so that the first search after a change does not wait for it.
    for (const provider of this.#providers) provider.directory(this.#source)
  }

  async listen(): Promise<void> {
    const { ldap, ldaps } = this.#host.config.listen
    const accept = (beginsSecured: boolean) => (socket: Socket) => this.#accept(socket, beginsSecured)
    const plain = createServer({ noDelay: true }, accept(false))
    const secure = createServer({ noDelay: true }, accept(true))
    this.#servers = [await listenTcp(plain, ldap), await listenTcp(secure, ldaps)]
  }

  revoke(revocations: readonly Revocation[]): void {
    this.#cache.revoke(revocations)
    this.#endBound(restingOn(revocations), 'what this session rests on has ended')
  }

  async close(signal: AbortSignal): Promise<void> {
    const closed = this.#servers.map(async (server) => {
      const gone = once(server, 'close')
      server.close()
      await gone
    })
    for (const connection of this.#connections) connection.disconnect(ResultCode.unavailable, 'the server is stopping')
    const aborted = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => aborted.resolve(), { once: true })
    await Promise.race([Promise.all(closed), aborted.promise])
  }

  /** What was decided under settings that are no more does not hold under others. */
  #endBoundElsewhere(): void {
    const current = new Set(this.#providers.map(({ bindSettings }) => bindSettings))
    this.#endBound(({ settings }) => !current.has(settings), 'the settings of this directory have changed')
  }

  /** What the core knows of these users is otherwise now: it is asked again whether they may come in. */
  #reconsider(users: ReadonlySet<number>): void {
    if (users.size === 0) return
    this.#cache.reconsider(users)
    this.#endBound(({ userPk }) => users.has(userPk), 'what is known of this user has changed')
  }

  #endBound(isIt: (bound: Bound) => boolean, why: string): void {
    for (const connection of this.#connections)
      if (connection.bound !== undefined && isIt(connection.bound))
        connection.disconnect(ResultCode.strongerAuthRequired, why)
  }

  /** The provider with these settings: the one from before if they are the same. */
  #provider(raw: unknown): LdapProvider[] {
    try {
      const config = ldapOutpostConfig.parse(raw)
      return [this.#providers.find((known) => isDeepStrictEqual(known.config, config)) ?? new LdapProvider(config)]
    } catch (cause) {
      this.#host.log.warning('an LDAP provider cannot be served and is left out', { cause })
      return []
    }
  }

  /** One reading serves every search that waits for it. */
  #revalidate(): Promise<void> {
    this.#revalidating ??= this.#source
      .readAll()
      .then((users) => this.#reconsider(users))
      .finally(() => {
        this.#revalidating = undefined
      })
    return this.#revalidating
  }

  #accept(socket: Socket, beginsSecured: boolean): void {
    const leave = this.#count.enter(socket.remoteAddress ?? '')
    if (leave === undefined) {
      socket.destroy()
      return
    }
    const connection = new Connection(socket, {
      operations: this.#operations,
      limits: this.#limits,
      secured: (plain) => this.#secured(plain),
      beginsSecured,
      closed: (gone) => {
        this.#connections.delete(gone)
        leave()
      },
      log: this.#host.log,
    })
    this.#connections.add(connection)
  }

  #secured(plain: Socket): TLSSocket {
    return new TLSSocket(plain, {
      isServer: true,
      secureContext: this.#certificateFor(''),
      SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) =>
        done(null, this.#certificateFor(name)),
    })
  }

  /** The certificate of the provider with this server name; else the one certificate that there is; else our own. */
  #certificateFor(name: string): SecureContext {
    const { certificates } = this.#host
    const named = this.#providers.find(
      ({ config }) => config.tls_server_name !== '' && config.tls_server_name.toLowerCase() === name.toLowerCase(),
    )
    const all = new Set(this.#providers.flatMap(({ config }) => config.certificate ?? []))
    const id = named?.config.certificate ?? (all.size === 1 ? [...all][0] : undefined)
    return certificates.get(id) ?? certificates.fallback()
  }
}
