import { setTimeout as wait } from 'node:timers/promises'
import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { merge, type Refresh } from './pending-refresh.ts'
import { askAgainMs, isRefusal } from './standing.ts'

const RETRY = { firstMs: 500, capMs: 30_000 }

export interface RefresherOptions {
  /** Reads the configuration and swaps to it; rejects when the core cannot be read. */
  readonly apply: (changes: Refresh['changes']) => Promise<void>
  readonly applied: (revision: number) => void
  readonly log: Logger
  readonly random: Random
  readonly signal: AbortSignal
}

/**
 * Runs one refresh at a time; requests meanwhile become one more. A refresh that fails is tried again until it succeeds:
 * after a wait, or at once when there is another request.
 */
export class Refresher {
  readonly #options: RefresherOptions
  #waiting: Refresh | undefined
  #running: Promise<void> | undefined
  /** Ends the wait before the next attempt. */
  #wake = new AbortController()

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  /** Resolves when the configuration is at least as new as this request. */
  request(refresh: Refresh): Promise<void> {
    this.#waiting = merge(this.#waiting, refresh)
    this.#wake.abort()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(): Promise<void> {
    const { apply, applied, log, random, signal } = this.#options
    for (let failures = 0; this.#waiting !== undefined && !signal.aborted; ) {
      const refresh = this.#waiting
      this.#waiting = undefined
      try {
        await apply(refresh.changes)
        if (failures > 0) log.info('the configuration could be read again')
        failures = 0
        applied(refresh.revision)
      } catch (cause) {
        // What the failed attempt did is unknown: the next one reads everything.
        this.#waiting = merge(this.#waiting, { ...refresh, changes: undefined })
        if (failures++ === 0) log.warning('the configuration could not be read; the last one stays', { cause })
        this.#wake = new AbortController()
        const ms = isRefusal(cause) ? askAgainMs(random) : backoffMs(failures, random, RETRY)
        await wait(ms, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(() => {})
      }
    }
  }
}
