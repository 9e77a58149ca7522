import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram'
import { lookup } from 'node:dns'
import { once } from 'node:events'
import { isIP } from 'node:net'
import type { OutpostHost, OutpostObject, ProtocolServer } from '#outposts/kind.ts'
import { type RadiusOutpostConfig, radiusOutpostConfig } from '#schema/api/outpost-providers.ts'
import { PagedList } from '#schema/client/pages.ts'
import { ListenError } from '#schema/kernel/listen-error.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { plainAddress } from '#schema/kernel/networks.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'
import type { Revocation } from '#schema/wire/messages.ts'
import { clientNetworks } from './client-networks.ts'
import { RadiusMetrics } from './metrics.ts'
import { RADIUS_LIMITS, type RadiusLimits, RequestHandler } from './request-handler.ts'

/** A burst of a few thousand requests waits in the kernel rather than being lost. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024

/** The address of a client needs no looking up, nor a turn of the event loop for every reply. */
const lookUpNames: SocketOptions['lookup'] = (host, options, done) =>
  isIP(host) === 0 ? lookup(host, options, done) : done(null, host, isIP(host))

/** RADIUS authentication over UDP (RFC 2865). */
export class RadiusServer implements ProtocolServer {
  readonly #address: ListenAddress
  readonly #log: Logger
  readonly #providers: PagedList
  readonly #metrics: RadiusMetrics
  readonly #handler: RequestHandler
  #served: readonly unknown[] | undefined
  #socket: Socket | undefined
  /** Datagrams whose reply has not left yet. */
  #underWay = 0
  /** Set once no more datagrams are taken; resolves when nothing is under way. */
  #closing: PromiseWithResolvers<void> | undefined

  constructor(host: OutpostHost, limits: RadiusLimits = RADIUS_LIMITS) {
    this.#address = host.config.listen.radius
    this.#log = host.log.child({ logger: 'outpost.radius' })
    this.#providers = new PagedList(host.core, { path: '/outposts/radius/' })
    this.#metrics = new RadiusMetrics(host.metrics)
    this.#handler = new RequestHandler({
      flows: host.flows,
      clock: host.clock,
      log: this.#log,
      metrics: this.#metrics,
      limits,
    })
  }

  /** Where it listens. */
  get port(): number | undefined {
    return this.#socket?.address().port
  }

  async configure(outpost: OutpostObject): Promise<void> {
    const objects = await this.#providers.read()
    this.#metrics.outpostName = outpost.name
    if (objects === this.#served) return
    this.#served = objects
    const { networks, problems } = clientNetworks(objects.flatMap((object) => this.#parse(object)))
    for (const problem of problems) this.#log.error('RADIUS client network is not served', { ...problem })
    this.#handler.networks = networks
  }

  #parse(object: unknown): readonly RadiusOutpostConfig[] {
    const parsed = radiusOutpostConfig.safeParse(object)
    if (parsed.success) return [parsed.data]
    const fields = parsed.error.issues.map(({ path }) => path.join('.'))
    this.#log.error('RADIUS provider cannot be served', { fields })
    return []
  }

  async listen(): Promise<void> {
    const { host, port } = this.#address
    const socket = createSocket({
      type: host.includes(':') ? 'udp6' : 'udp4',
      recvBufferSize: RECEIVE_BUFFER_OCTETS,
      lookup: lookUpNames,
    })
    try {
      const listening = once(socket, 'listening')
      socket.bind(port, host)
      await listening
    } catch (error) {
      throw new ListenError(this.#address, error)
    }
    this.#socket = socket
    socket.on('error', (error) => this.#log.error('RADIUS socket failed', { error }))
    socket.on('message', (datagram, from) => void this.#receive(socket, datagram, from))
    this.#log.info('listening', { protocol: 'radius', address: host, port: this.port })
  }

  async #receive(socket: Socket, datagram: Uint8Array, { address, port }: RemoteInfo): Promise<void> {
    if (this.#closing !== undefined) return
    this.#underWay++
    const reply = await this.#handler.handle(datagram, { address: plainAddress(address), port })
    if (reply === undefined || this.#socket === undefined) return this.#done()
    // A copy in the pool: a small Uint8Array that is sent has to make an ArrayBuffer of its own first.
    socket.send(Buffer.from(reply), port, address, (error) => {
      if (error) this.#log.warning('RADIUS reply could not be sent', { client: address, error })
      this.#done()
    })
  }

  #done(): void {
    this.#underWay--
    if (this.#underWay === 0) this.#closing?.resolve()
  }

  revoke(revocations: readonly Revocation[]): void {
    for (const { kind, user } of revocations) if (kind === 'user') this.#handler.revoke(user.pk)
  }

  async close(signal: AbortSignal): Promise<void> {
    const socket = this.#socket
    if (socket === undefined || this.#closing !== undefined) return
    this.#closing = Promise.withResolvers()
    const giveUp = () => this.#closing?.resolve()
    signal.addEventListener('abort', giveUp, { once: true })
    if (this.#underWay > 0 && !signal.aborted) await this.#closing.promise
    signal.removeEventListener('abort', giveUp)
    this.#handler.abandonAll()
    this.#socket = undefined
    socket.close()
    await once(socket, 'close')
  }
}
