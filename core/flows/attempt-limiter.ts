import type { Clock } from '#schema/kernel/clock.ts'
import { clientNetwork } from './client-network.ts'

/** How many failed attempts are too many. */
export interface AttemptLimits {
  /** Failures within the window after which nothing is checked any more. */
  readonly perAccountAndNetwork: number
  readonly perAccount: number
  readonly windowMs: number
  /** Entries that are kept; the oldest give way. */
  readonly capacity: number
}

/** For passwords; a second factor, with fewer possible values, needs less. */
export const PASSWORD_ATTEMPTS: AttemptLimits = {
  perAccountAndNetwork: 10,
  perAccount: 100,
  windowMs: 5 * 60_000,
  capacity: 20_000,
}

interface Failures {
  count: number
  readonly since: number
}

/**
 * Counts failed attempts for an account from one network, and for the account as a whole. The network counts first,
 * so whoever guesses from elsewhere does not lock the owner out until the much higher limit of the account.
 */
export class AttemptLimiter {
  readonly #limits: AttemptLimits
  readonly #clock: Clock
  readonly #failures = new Map<string, Failures>()

  constructor(limits: AttemptLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Counts the attempt as failed before it is checked, so that parallel ones cannot pass together; false: do not check. */
  begin(account: string, clientIp: string): boolean {
    const near = this.#count(`${account}\n${clientNetwork(clientIp)}`)
    const all = this.#count(account)
    return near <= this.#limits.perAccountAndNetwork && all <= this.#limits.perAccount
  }

  /** The attempt was right: it and the failures before it from this network no longer count. */
  succeeded(account: string, clientIp: string): void {
    const key = `${account}\n${clientNetwork(clientIp)}`
    const near = this.#failures.get(key)?.count ?? 0
    this.#failures.delete(key)
    const all = this.#failures.get(account)
    if (all !== undefined) all.count = Math.max(0, all.count - near)
  }

  #count(key: string): number {
    const now = this.#clock.now()
    const known = this.#failures.get(key)
    if (known !== undefined && now - known.since < this.#limits.windowMs) return ++known.count
    this.#failures.delete(key)
    if (this.#failures.size >= this.#limits.capacity) this.#failures.delete(this.#failures.keys().next().value!)
    this.#failures.set(key, { count: 1, since: now })
    return 1
  }
}
