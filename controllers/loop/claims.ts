import { systemElapsed } from '#controllers/system-elapsed.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { CLAIM_MS, type ConnectionClaim, type ConnectionClaims, connectionClaims } from '#schema/deployment/claim.ts'
import type { ReadClock } from '#schema/kernel/elapsed.ts'
import { CoreUnreachableError, MartelloError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'

/** Work ends five seconds before another controller may begin. */
const TIMING = { renewEveryMs: 3_000, marginMs: 5_000 }
const LET_GO_WITHIN_MS = 3_000

export interface ClaimsOptions {
  readonly core: CoreClient
  /** Of this controller and no other. */
  readonly identity: Pick<ConnectionClaim, 'controller' | 'name'>
  readonly log: Logger
  /** Instead of a clock of its own, which nobody sets. */
  readonly elapsed?: ReadClock
  readonly timing?: { readonly renewEveryMs: number; readonly marginMs: number }
}

/**
 * Which service connections this controller serves, alone: the core gives each to one controller at a time, for a while.
 * What cannot be renewed in time is not served any more.
 */
export class Claims implements AsyncDisposable {
  readonly #options: ClaimsOptions
  readonly #elapsed: ReadClock
  readonly #timer: NodeJS.Timeout
  #wanted: ReadonlySet<string> = new Set()
  #held: ReadonlySet<string> = new Set()
  #others: ReadonlyMap<string, string> = new Map()
  #until = 0
  #expiry: NodeJS.Timeout | undefined
  #holding = new AbortController()
  #asking: Promise<void> | undefined

  constructor(options: ClaimsOptions) {
    this.#options = options
    this.#elapsed = options.elapsed ?? systemElapsed()
    this.#timer = setInterval(() => this.#renew(), (options.timing ?? TIMING).renewEveryMs)
  }

  /** Who this controller is. */
  get controller(): string {
    return this.#options.identity.controller
  }

  /** Wants exactly these from now on. Resolves when it is known who serves them; rejects if the core does not say. */
  async keep(connections: ReadonlySet<string>): Promise<void> {
    const isKnown = [...connections].every((each) => this.#wanted.has(each))
    const isLess = [...this.#wanted].some((each) => !connections.has(each))
    this.#wanted = connections
    if (isKnown && !isLess && this.#until > this.#elapsed()) return
    await this.#ask()
  }

  /** Whether this controller may change something behind the connection now. */
  holds(connection: string): boolean {
    return this.#held.has(connection) && this.#elapsed() < this.#until
  }

  /** All that it holds now. */
  get held(): ReadonlySet<string> {
    return this.#elapsed() < this.#until ? this.#held : new Set()
  }

  /** Who serves it instead; undefined when that is nobody else, as far as was heard. */
  holderOf(connection: string): string | undefined {
    return this.#others.get(connection)
  }

  /** Aborts as soon as one of those held now is not held for certain any more: what is under way has to end. */
  get signal(): AbortSignal {
    return this.#holding.signal
  }

  /** Lets others begin at once, if the core can be told. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#asking?.catch(() => {})
    clearTimeout(this.#expiry)
    const { identity, log, core } = this.#options
    if (this.#held.size === 0) return
    this.#lose()
    const body = { ...identity, connections: [] } satisfies ConnectionClaim
    await core
      .request({ method: 'PUT', path: PATH, body, signal: AbortSignal.timeout(LET_GO_WITHIN_MS) })
      .catch((cause) => {
        if (!(cause instanceof MartelloError)) throw cause
        log.debug('claims could not be let go of; they end by themselves', { cause })
      })
  }

  #renew(): void {
    if (this.#asking !== undefined || this.#wanted.size === 0) return
    this.#ask().catch((cause) => {
      if (!(cause instanceof MartelloError)) throw cause
      this.#options.log.debug('claims could not be renewed', { cause })
    })
  }

  /** One after the other: what is heard last was asked last. */
  #ask(): Promise<void> {
    const before = this.#asking?.catch(() => {}) ?? Promise.resolve()
    const asking = before
      .then(() => this.#claim())
      .finally(() => {
        if (this.#asking === asking) this.#asking = undefined
      })
    this.#asking = asking
    return asking
  }

  async #claim(): Promise<void> {
    const { core, identity } = this.#options
    const began = this.#elapsed()
    const body = { ...identity, connections: [...this.#wanted] } satisfies ConnectionClaim
    const answer = await core.request({ method: 'PUT', path: PATH, body })
    const claims = connectionClaims.safeParse(answer.kind === 'ok' ? answer.body : undefined)
    if (!claims.success) throw new CoreUnreachableError('what the core says of service connections is not understood')
    this.#heard(claims.data, began + CLAIM_MS - (this.#options.timing ?? TIMING).marginMs)
  }

  #heard({ held, others }: ConnectionClaims, until: number): void {
    const now = new Set(held)
    if ([...this.#held].some((each) => !now.has(each))) this.#lose()
    this.#held = now
    this.#others = new Map(others.map(({ connection, name }) => [connection, name]))
    this.#until = until
    clearTimeout(this.#expiry)
    this.#expiry = setTimeout(() => this.#lose(), until - this.#elapsed())
  }

  #lose(): void {
    this.#until = 0
    this.#holding.abort()
    this.#holding = new AbortController()
  }
}

const PATH = '/outposts/controller/claims/'
