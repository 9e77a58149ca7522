import { setTimeout as wait } from 'node:timers/promises'
import { type Backoff, backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'

/** Whether what failed may succeed later without anybody's doing. */
const isRetryable = (error: unknown) => (error as { retryable?: boolean } | undefined)?.retryable !== false

export interface WorkQueueOptions {
  /** Brings one key to where it should be, whatever has changed; called for a key again only after it has returned. */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>
  /** A run has failed; it is repeated after this many ms, or not before the next request (undefined). */
  readonly failed: (key: string, error: unknown, againAfterMs: number | undefined) => void
  readonly backoff: Backoff
  readonly concurrency: number
  readonly random: Random
  /** Nothing is begun after this. */
  readonly signal: AbortSignal
}

interface Entry {
  failures: number
  /** What was asked for while a run was under way is one more run. */
  isRequested: boolean
  /** What was asked for without hurry while what had failed was under way again: one more run, if that succeeds. */
  isHinted: boolean
  wake: AbortController
}

/**
 * Work per key: one run at a time for a key, a bounded number at a time in all, back-off after a failure, none before
 * somebody asks again after one that waiting cannot mend. One key that fails holds up no other.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #entries = new Map<string, Entry>()
  #free: number
  readonly #queued: (() => void)[] = []
  #idle = Promise.withResolvers<void>()

  constructor(options: WorkQueueOptions) {
    this.#options = options
    this.#free = options.concurrency
    this.#idle.resolve()
  }

  /** Asks for a run of this key; one that waits for its back-off is repeated `now`, or stays in its wait. */
  request(key: string, { now = true }: { now?: boolean } = {}): void {
    const known = this.#entries.get(key)
    if (known !== undefined) {
      if (!now && known.failures > 0) {
        known.isHinted = true
        return
      }
      known.isRequested = true
      known.wake.abort()
      return
    }
    if (this.#options.signal.aborted) return
    if (this.#entries.size === 0) this.#idle = Promise.withResolvers<void>()
    const entry = { failures: 0, isRequested: true, isHinted: false, wake: new AbortController() }
    this.#entries.set(key, entry)
    void this.#keep(key, entry)
  }

  /** Resolves when nothing is under way, queued, or waiting to be repeated. */
  idle(): Promise<void> {
    return this.#idle.promise
  }

  async #keep(key: string, entry: Entry): Promise<void> {
    const { work, failed, backoff, random, signal } = this.#options
    while (entry.isRequested && !signal.aborted) {
      await this.#place()
      entry.isRequested = false
      entry.isHinted = false
      entry.wake = new AbortController()
      try {
        if (!signal.aborted) await work(key, signal)
        entry.failures = 0
        entry.isRequested ||= entry.isHinted
      } catch (error) {
        const againAfterMs = isRetryable(error) ? backoffMs(++entry.failures, random, backoff) : undefined
        failed(key, error, againAfterMs)
        entry.isRequested ||= againAfterMs !== undefined
        this.#leave()
        const woken = AbortSignal.any([signal, entry.wake.signal])
        await wait(againAfterMs ?? 0, undefined, { signal: woken }).catch(() => {})
        continue
      }
      this.#leave()
    }
    this.#entries.delete(key)
    if (this.#entries.size === 0) this.#idle.resolve()
  }

  async #place(): Promise<void> {
    if (this.#free > 0) {
      this.#free--
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#queued.push(resolve)
    await promise
  }

  /** Hands the place to who waits longest. */
  #leave(): void {
    const next = this.#queued.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
