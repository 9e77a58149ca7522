import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { CoreContext } from '#core/context.ts'
import type { RecordedChange, RecordedRevocation } from '#core/store/change-feed.ts'
import { isUuid } from '#schema/kernel/ids.ts'
import { CloseCode } from '#schema/wire/messages.ts'
import { isAffected, type OutpostDependencies } from './affected.ts'
import { loadDependencies } from './dependencies.ts'
import { identify, keyOf, type LinkIdentity, refusalOf } from './link-authentication.ts'
import { LinkConnection } from './link-connection.ts'
import { type LinkMetrics, linkMetrics } from './link-metrics.ts'
import { spreadMs } from './spread.ts'

const PATH = /^\/ws\/outpost\/([^/]+)\/$/
const MAX_MESSAGE_OCTETS = 64 * 1024
const MAX_CONNECTIONS = 10_000
/** An outpost needs a tenth of that; what a handshake carries beside its key is of no use to us. */
const MAX_HEADER_OCTETS = 8 * 1024
const SERVER_OPTIONS = {
  noServer: true,
  maxPayload: MAX_MESSAGE_OCTETS,
  perMessageDeflate: false,
  /** How long an outpost may take to answer the end of its link, in ms. */
  closeTimeout: 2_000,
  handleProtocols: (): false => false,
} as const
/** Reference outposts do not answer while they refresh, so patience is long. */
const PING_EVERY_MS = 30_000
/** Changes within this time are told together. */
const COALESCE_MS = 30
/** Changes after which an account may no longer hold its link. */
const ACCOUNT_MODELS = new Set([
  'authentik_core.token',
  'authentik_core.user',
  'authentik_core.group',
  'authentik_outposts.outpost',
])

/** Serves `/ws/outpost/<uuid>/` on these servers until disposed. */
export function attachLink(ctx: CoreContext, servers: readonly Server[]): AsyncDisposable {
  const link = new LinkServer(ctx)
  const upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => void link.upgrade(req, socket, head)
  for (const server of servers) server.on('upgrade', upgrade)
  return {
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.off('upgrade', upgrade)
      await link.close()
    },
  }
}

class LinkServer {
  readonly #ctx: CoreContext
  readonly #server = new WebSocketServer(SERVER_OPTIONS)
  readonly #connections = new Map<WebSocket, LinkConnection>()
  readonly #metrics: LinkMetrics
  readonly #feed: Disposable
  readonly #heartbeat: NodeJS.Timeout
  #isClosing = false
  #pending: RecordedChange[] = []
  #timer: NodeJS.Timeout | undefined
  #dependencies: readonly OutpostDependencies[] = []
  #work: Promise<void> = Promise.resolve()

  constructor(ctx: CoreContext) {
    this.#ctx = ctx
    this.#metrics = linkMetrics(ctx.metrics)
    this.#feed = ctx.feed.subscribe({
      changed: (changes) => this.#changed(changes),
      revoked: (ended) => this.#revoked(ended),
    })
    this.#heartbeat = setInterval(() => this.#ping(), PING_EVERY_MS)
  }

  async upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    if (headerOctets(req) > MAX_HEADER_OCTETS) return refuse(socket, '431 Request Header Fields Too Large')
    const identity = await this.#admit(req).catch(
      (cause) => void this.#ctx.log.warning('a link could not be checked', { cause }),
    )
    if (this.#isClosing) return refuse(socket, '503 Service Unavailable')
    if (identity === undefined || socket.destroyed) return refuse(socket, '403 Forbidden')
    this.#server.handleUpgrade(req, socket, head, (opened) => this.#opened(opened, identity, req))
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#feed[Symbol.dispose]()
    clearInterval(this.#heartbeat)
    clearTimeout(this.#timer)
    const closed = [...this.#connections.keys()].map(
      (socket) => new Promise((resolve) => socket.once('close', resolve)),
    )
    for (const connection of this.#connections.values()) connection.close(CloseCode.goingAway, 'the core is restarting')
    const impatient = setTimeout(() => this.#terminateAll(), 1000)
    await Promise.all(closed)
    clearTimeout(impatient)
    await this.#work
  }

  async #admit(req: IncomingMessage): Promise<LinkIdentity | undefined> {
    const url = URL.parse(req.url ?? '', 'http://self.invalid')
    const [, uuid = ''] = PATH.exec(url?.pathname ?? '') ?? []
    const key = keyOf(req)
    // No outpost sends an Origin: it is a browser's, on somebody else's page.
    if (req.headers.origin !== undefined) return undefined
    if (!isUuid(uuid) || key === undefined || this.#connections.size >= MAX_CONNECTIONS) return undefined
    return identify(this.#ctx, key, uuid.toLowerCase())
  }

  #opened(socket: WebSocket, identity: LinkIdentity, req: IncomingMessage): void {
    const named = URL.parse(req.url ?? '', 'http://self.invalid')?.searchParams.get('instance_uuid') ?? ''
    const uid = isUuid(named) ? named : crypto.randomUUID()
    const connection = new LinkConnection(this.#ctx, socket, identity, uid)
    this.#connections.set(socket, connection)
    const labels = { outpost: identity.outpost.name }
    this.#metrics.connected.inc(labels)
    let isAlive = true
    socket.on('pong', () => (isAlive = true))
    socket.on('ping-check', () => {
      if (!isAlive) socket.terminate()
      isAlive = false
      socket.ping()
    })
    socket.once('close', (code) => {
      this.#connections.delete(socket)
      this.#metrics.connected.dec(labels)
      this.#later(() => this.#ended(connection, code))
    })
  }

  /** An instance stays present while it has another connection here, and while it moves from this replica to another. */
  async #ended(connection: LinkConnection, code: number): Promise<void> {
    await connection.settled()
    const isElsewhere = [...this.#connections.values()].some((other) => other.isSameInstanceAs(connection))
    if (!isElsewhere && code !== CloseCode.goingAway) await connection.ended(code === CloseCode.stopping)
  }

  #ping(): void {
    for (const socket of this.#connections.keys()) socket.emit('ping-check')
  }

  #terminateAll(): void {
    for (const socket of this.#connections.keys()) socket.terminate()
  }

  #revoked(ended: readonly RecordedRevocation[]): void {
    for (const connection of this.#connections.values()) if (connection.isKnown) connection.revoke(ended)
    const users = new Set(ended.map((each) => each.user.id))
    if ([...this.#connections.values()].some(({ identity }) => users.has(identity.userId)))
      this.#later(() => this.#recheck())
  }

  #changed(changes: readonly RecordedChange[]): void {
    this.#pending.push(...changes)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const due = this.#pending.splice(0)
      this.#later(() => this.#tell(due))
    }, COALESCE_MS)
  }

  /** Tells each outpost what concerns it; what was deleted is known from before, what is new from now. */
  async #tell(changes: readonly RecordedChange[]): Promise<void> {
    if (changes.some(({ model }) => ACCOUNT_MODELS.has(model))) await this.#recheck()
    const before = this.#dependencies
    this.#dependencies = await loadDependencies(this.#ctx.db)
    const revision = changes.at(-1)!.revision
    const concerned = [...this.#connections.values()].flatMap((connection) => {
      if (!connection.isKnown) return []
      const own = [...before, ...this.#dependencies].filter((of) => of.outpost === connection.identity.outpost.uuid)
      const concerning = changes.filter((change) => own.some((of) => isAffected(of, change)))
      return concerning.length === 0 ? [] : [{ connection, concerning }]
    })
    for (const [index, { connection, concerning }] of concerned.entries())
      connection.update(revision, concerning, spreadMs(index, concerned.length))
    this.#metrics.revision.set(revision)
  }

  /** Closes the links of accounts that may not hold them any more. */
  async #recheck(): Promise<void> {
    for (const connection of [...this.#connections.values()]) {
      const { key, outpost } = connection.identity
      if ((await identify(this.#ctx, key, outpost.uuid)) !== undefined) continue
      connection.close(...(await refusalOf(this.#ctx, outpost.uuid)))
    }
  }

  #later(work: () => Promise<void>): void {
    this.#work = this.#work
      .then(work)
      .catch((cause) => this.#ctx.log.warning('a change could not be told to outposts', { cause }))
  }
}

/** compat: whoever may not link is told 403, whatever the reason (sheet outpost-protocol §3.1). */
function refuse(socket: Duplex, status: string): void {
  // Nobody else watches this connection any more: it must not stay for as long as the peer likes.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
}

const headerOctets = ({ rawHeaders }: IncomingMessage) => rawHeaders.reduce((sum, part) => sum + part.length, 0)
