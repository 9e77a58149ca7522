import { randomUUID } from 'node:crypto'
import type { FlowClient, FlowOutcome } from '#outposts/flow/flow-client.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { ClientNetworks, type RadiusProvider } from './client-networks.ts'
import { Code } from './codec/assigned-numbers.ts'
import { decodePacket, type RadiusPacket } from './codec/packet.ts'
import { encodeReply } from './codec/reply.ts'
import { DropLog } from './drop-log.ts'
import type { RadiusMetrics } from './metrics.ts'
import type { DropReason } from './reasons.ts'
import { type PendingRequest, RecentRequests, type Source } from './recent-requests.ts'
import { reject, screenRequest, type Verdict } from './screen-request.ts'

export interface RadiusLimits {
  /** A login takes no longer; clients ask again every few seconds, and give up after 10 to 30. */
  readonly deadlineMs: number
  /** RFC 5080 §2.2.2 and FreeRADIUS's `cleanup_delay`. */
  readonly keepRepliesMs: number
  readonly keptReplies: number
  readonly concurrentLogins: number
}

export const RADIUS_LIMITS: RadiusLimits = {
  deadlineMs: 10_000,
  keepRepliesMs: 5000,
  keptReplies: 16_384,
  concurrentLogins: 256,
}

export interface RequestHandlerOptions {
  readonly flows: FlowClient
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: RadiusMetrics
  readonly limits: RadiusLimits
}

/** A request on its way, with what its answer needs. */
interface Exchange {
  readonly packet: RadiusPacket
  readonly provider: RadiusProvider
  readonly source: Source
  readonly startedAt: number
}

type Silence = undefined

/** What the core's answer about a login means for the client; a core that does not answer is silence, so that the client asks another server. */
function verdictOf(outcome: FlowOutcome): Exclude<Verdict, { kind: 'login' }> {
  switch (outcome.kind) {
    case 'allowed':
      return { kind: 'accept', reply: { code: Code.AccessAccept, attributes: [] } }
    case 'denied':
      return reject(outcome.reason)
    case 'unavailable':
      return { kind: 'drop', reason: 'core_unavailable' }
    default:
      return outcome satisfies never
  }
}

/** From datagram to reply. It owns no socket. */
export class RequestHandler {
  readonly #options: RequestHandlerOptions
  readonly #recent: RecentRequests
  readonly #drops: DropLog
  /** Swapped as a whole; a request under way keeps the provider it began with. */
  networks = new ClientNetworks()

  constructor(options: RequestHandlerOptions) {
    const { clock, log, limits } = options
    this.#options = options
    this.#recent = new RecentRequests({ keepMs: limits.keepRepliesMs, capacity: limits.keptReplies })
    this.#drops = new DropLog(clock, log)
  }

  /** The octets to send back, undefined for silence. Never rejects. */
  async handle(datagram: Uint8Array, source: Source): Promise<Uint8Array | Silence> {
    try {
      return await this.#handle(datagram, source)
    } catch (error) {
      return this.#drop('internal_error', source, { error_id: randomUUID(), error })
    }
  }

  async #handle(datagram: Uint8Array, source: Source): Promise<Uint8Array | Silence> {
    const provider = this.networks.find(source.address)
    if (provider === undefined) return this.#drop('unknown_client', source)
    const decoded = decodePacket(datagram)
    if (decoded.kind === 'malformed') return this.#drop('malformed', source, { problem: decoded.problem })
    const exchange = { packet: decoded.packet, provider, source, startedAt: this.#options.clock.now() }
    const verdict = screenRequest(decoded.packet, provider)
    return verdict.kind === 'login' ? this.#admit(exchange, verdict) : this.#answer(exchange, verdict)
  }

  async #admit(exchange: Exchange, credentials: Verdict & { kind: 'login' }): Promise<Uint8Array | Silence> {
    const { packet, source, startedAt } = exchange
    const admission = this.#recent.admit(source, packet.identifier, packet.authenticator, startedAt)
    if (admission.kind === 'answered') return admission.reply
    if (admission.kind === 'pending') return this.#drop('duplicate', source)
    const { request } = admission
    if (this.#recent.pending > this.#options.limits.concurrentLogins) {
      this.#recent.finish(request)
      return this.#drop('overloaded', source)
    }
    const outcome = await this.#logIn(exchange, credentials, request)
    if (!this.#recent.finish(request)) return this.#drop('superseded', source)
    const user = outcome.kind === 'allowed' ? outcome.user.pk : undefined
    if (user !== undefined && request.revoked.has(user)) return this.#drop('revoked', source)
    const reply = this.#answer(exchange, verdictOf(outcome), { username: credentials.username })
    if (reply !== undefined) this.#recent.keep(request, reply, user, this.#options.clock.now())
    return reply
  }

  /** What the core says within the deadline. */
  async #logIn(
    { provider, source }: Exchange,
    { username, password }: Verdict & { kind: 'login' },
    request: PendingRequest,
  ): Promise<FlowOutcome> {
    const { flows, log, limits } = this.#options
    const deadline = setTimeout(() => request.abandon.abort(), limits.deadlineMs)
    try {
      return await flows.login({
        flowSlug: provider.flowSlug,
        applicationSlug: provider.applicationSlug,
        username,
        password,
        remoteIp: source.address,
        protocol: 'radius',
        signal: request.abandon.signal,
        log,
      })
    } catch (error) {
      if (request.abandon.signal.aborted) return { kind: 'unavailable', reason: 'no answer within the deadline' }
      this.#recent.finish(request)
      throw error
    } finally {
      clearTimeout(deadline)
    }
  }

  #answer(
    { packet, provider, source, startedAt }: Exchange,
    verdict: Exclude<Verdict, { kind: 'login' }>,
    fields: { readonly username?: string } = {},
  ): Uint8Array | Silence {
    if (verdict.kind === 'drop') return this.#drop(verdict.reason, source, { provider: provider.name })
    const reply = encodeReply(packet, provider.secret, verdict.reply)
    const { log, metrics, clock } = this.#options
    const durationMs = clock.now() - startedAt
    const reason = verdict.kind === 'reject' ? verdict.reason : undefined
    if (reason !== undefined) metrics.rejected(provider.applicationSlug, reason)
    metrics.answered(provider.applicationSlug, durationMs)
    log.info('RADIUS request answered', {
      provider: provider.name,
      client: source.address,
      answer: verdict.kind,
      reason,
      duration_ms: durationMs,
      ...fields,
    })
    return reply
  }

  #drop(reason: DropReason, { address, port }: Source, fields: Readonly<Record<string, unknown>> = {}): Silence {
    this.#options.metrics.dropped(reason)
    this.#drops.write(reason, { client: address, port, ...fields })
  }

  /** Nothing decided before this call lets the user in after it. */
  revoke(user: number): void {
    this.#recent.revoke(user)
  }

  /** Gives up on the logins under way. */
  abandonAll(): void {
    this.#recent.abandonAll()
  }
}
