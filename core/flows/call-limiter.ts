import type { Clock } from '#schema/kernel/clock.ts'
import { clientNetwork } from './client-network.ts'

/** How many calls one client network may make. */
export interface CallLimits {
  /** Calls that may come at once. */
  readonly burst: number
  /** Calls that may come for ever. */
  readonly perSecond: number
  /** Networks that are remembered; the one that was silent for longest gives way. */
  readonly capacity: number
}

/** Each call of somebody who is not signed in can leave a session behind. */
export const ANONYMOUS_CALLS: CallLimits = { burst: 1_000, perSecond: 10, capacity: 20_000 }

interface Bucket {
  readonly calls: number
  readonly at: number
}

/** One token bucket for each client network. */
export class CallLimiter {
  readonly #limits: CallLimits
  readonly #clock: Clock
  readonly #buckets = new Map<string, Bucket>()

  constructor(limits: CallLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Whether one more call from this address may be answered; if so, it counts. */
  admits(clientIp: string): boolean {
    const { burst, perSecond, capacity } = this.#limits
    const key = clientNetwork(clientIp)
    const at = this.#clock.now()
    const known = this.#buckets.get(key) ?? { calls: burst, at }
    const calls = Math.min(burst, known.calls + (Math.max(0, at - known.at) / 1000) * perSecond)
    const admitted = calls >= 1
    this.#buckets.delete(key)
    if (this.#buckets.size >= capacity) this.#buckets.delete(this.#buckets.keys().next().value!)
    this.#buckets.set(key, { calls: admitted ? calls - 1 : calls, at })
    return admitted
  }
}
