import { setTimeout as wait } from 'node:timers/promises'
import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { mergeUpdates, type Update } from '#schema/wire/update.ts'
import { askAgainMs, isRefusal } from './standing.ts'

const RETRY = { firstMs: 500, capMs: 30_000 }

export interface RefresherOptions {
  /** Reads the configuration and swaps to it; rejects when the core cannot be read. */
  readonly apply: (changes: Update['changes']) => Promise<void>
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
  #waiting: Update | undefined
  #running: Promise<void> | undefined
  /** Ends the wait before the next attempt. */
  #wake = new AbortController()

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  /** Resolves when the configuration is at least as new as this request. */
  request(update: Update): Promise<void> {
    this.#waiting = mergeUpdates(this.#waiting, update)
    this.#wake.abort()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(): Promise<void> {
    const { apply, applied, log, random, signal } = this.#options
    for (let failures = 0; this.#waiting !== undefined && !signal.aborted; ) {
      const update = this.#waiting
      this.#waiting = undefined
      try {
        await apply(update.changes)
        if (failures > 0) log.info('the configuration could be read again')
        failures = 0
        applied(update.revision)
      } catch (cause) {
        if (signal.aborted) return
        // What the failed attempt did is unknown: the next one reads everything.
        this.#waiting = mergeUpdates(this.#waiting, { ...update, changes: undefined })
        if (failures++ === 0) log.warning('the configuration could not be read; the last one stays', { cause })
        this.#wake = new AbortController()
        const ms = isRefusal(cause) ? askAgainMs(random) : backoffMs(failures, random, RETRY)
        await wait(ms, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(() => {})
      }
    }
  }
}
