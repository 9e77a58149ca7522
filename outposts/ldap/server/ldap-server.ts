import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { OutpostHost, OutpostObject, ProtocolServer } from '#outposts/kind.ts'
import { ldapOutpostConfig } from '#schema/api/outpost-providers.ts'
import { PagedList } from '#schema/client/pages.ts'
import { ListenError } from '#schema/kernel/listen-error.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'
import type { Revocation, WireChange } from '#schema/wire/messages.ts'
import { Binder } from '../bind/bind.ts'
import { BindCache } from '../bind/bind-cache.ts'
import { ResultCode } from '../codec/result-code.ts'
import { LdapMetrics } from '../metrics.ts'
import { LdapProvider } from '../provider.ts'
import { DirectorySource } from '../search/directory-source.ts'
import { Connection } from './connection.ts'
import { Operations } from './operations.ts'

const MAX_CONNECTIONS = 4_096
const MAX_CONNECTIONS_FROM_ONE_ADDRESS = 512
const HANDSHAKE_MS = 10_000
const MAX_ENTRIES = 200_000
const MAX_SEARCH_MS = 10_000
const DIRECTORY_MODELS = new Set(['authentik_core.user', 'authentik_core.group'])

/** Serves LDAP and LDAPS for the providers of an outpost. */
export class LdapServer implements ProtocolServer {
  readonly #host: OutpostHost
  readonly #source: DirectorySource
  readonly #providerList: PagedList
  readonly #cache: BindCache
  readonly #operations: Operations
  readonly #connections = new Set<Connection>()
  readonly #perAddress = new Map<string, number>()
  #providers: readonly LdapProvider[] = []
  #servers: readonly Server[] = []
  #isRead = false
  #revalidating: Promise<void> | undefined

  constructor(host: OutpostHost) {
    this.#host = host
    this.#source = new DirectorySource(host.core, host.log)
    this.#providerList = new PagedList(host.core, { path: '/outposts/ldap/' })
    this.#cache = new BindCache(host.clock)
    this.#operations = new Operations({
      binder: new Binder(host, this.#cache),
      source: this.#source,
      revalidate: () => this.#revalidate(),
      providers: () => this.#providers,
      metrics: new LdapMetrics(host.metrics),
      limits: { maxEntries: MAX_ENTRIES, maxMs: MAX_SEARCH_MS, now: () => performance.now() },
      log: host.log,
    })
  }

  /** The ports that are listened on: LDAP, then LDAPS. */
  get ports(): readonly number[] {
    return this.#servers.map((server) => (server.address() as { port: number }).port)
  }

  async configure(_outpost: OutpostObject, changes: readonly WireChange[] | undefined): Promise<void> {
    const isDirectoryOnly = this.#isRead && changes?.every(({ model }) => DIRECTORY_MODELS.has(model)) === true
    if (isDirectoryOnly) await this.#source.readChanges(changes)
    else {
      const providers = (await this.#providerList.read()).flatMap((raw) => this.#provider(raw))
      await this.#source.readAll()
      await this.#host.certificates.refresh(providers.flatMap(({ config }) => config.certificate ?? []))
      this.#providers = providers
    }
    this.#isRead = true
    // Built here, so that the first search after a change does not wait for it.
    for (const provider of this.#providers) provider.directory(this.#source)
  }

  async listen(): Promise<void> {
    const { ldap, ldaps } = this.#host.config.listen
    const plain = createServer({ noDelay: true }, (socket) => this.#accept(socket))
    const secure = createServer({ noDelay: true }, (socket) => this.#handshake(socket))
    this.#servers = [await listening(plain, ldap), await listening(secure, ldaps)]
  }

  revoke(revocations: readonly Revocation[]): void {
    this.#cache.revoke(revocations)
    const ended = new Set(revocations.filter(({ kind }) => kind === 'user').map(({ user }) => user.pk))
    for (const connection of this.#connections)
      if (connection.bound !== undefined && ended.has(connection.bound.userPk)) {
        connection.bound = undefined
        connection.disconnect(ResultCode.strongerAuthRequired, 'the access of this user has ended')
      }
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

  #provider(raw: unknown): LdapProvider[] {
    try {
      return [new LdapProvider(ldapOutpostConfig.parse(raw))]
    } catch (cause) {
      this.#host.log.warning('an LDAP provider cannot be served and is left out', { cause })
      return []
    }
  }

  /** One reading serves every search that waits for it. */
  #revalidate(): Promise<void> {
    this.#revalidating ??= this.#source.readAll().finally(() => {
      this.#revalidating = undefined
    })
    return this.#revalidating
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    const count = (this.#perAddress.get(address) ?? 0) + 1
    if (this.#connections.size >= MAX_CONNECTIONS || count > MAX_CONNECTIONS_FROM_ONE_ADDRESS) {
      socket.destroy()
      return
    }
    this.#perAddress.set(address, count)
    const connection = new Connection(socket, {
      operations: this.#operations,
      startTls: (plain) => this.#secured(plain),
      closed: (gone) => {
        this.#connections.delete(gone)
        const left = (this.#perAddress.get(address) ?? 1) - 1
        if (left === 0) this.#perAddress.delete(address)
        else this.#perAddress.set(address, left)
      },
    })
    this.#connections.add(connection)
  }

  /** LDAPS: TLS comes first, and whoever is slow at it is not waited for. */
  #handshake(plain: Socket): void {
    plain.setTimeout(HANDSHAKE_MS, () => plain.destroy())
    plain.on('error', () => plain.destroy())
    const secure = this.#secured(plain)
    secure.on('error', () => secure.destroy())
    secure.once('secure', () => {
      plain.setTimeout(0)
      this.#accept(secure)
    })
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

async function listening(server: Server, address: ListenAddress): Promise<Server> {
  try {
    server.listen(address.port, address.host)
    await once(server, 'listening')
    return server
  } catch (cause) {
    throw new ListenError(address, cause)
  }
}
