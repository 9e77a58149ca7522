import { mergeUpdates, type Update } from '#schema/wire/update.ts'

/** Tells one outpost of updates, each after a while: what waits becomes one with what comes, so nothing is overtaken. */
export class DelayedUpdate {
  readonly #tell: (update: Update) => void
  #waiting: Update | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(tell: (update: Update) => void) {
    this.#tell = tell
  }

  /** Tells it in this many ms, or earlier together with one that waits already; for 0 ms, before this returns. */
  add(update: Update, ms: number): void {
    this.#waiting = mergeUpdates(this.#waiting, update)
    if (ms === 0) this.#now()
    else this.#timer ??= setTimeout(() => this.#now(), ms)
  }

  /** Forgets what waits. */
  cancel(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = undefined
  }

  #now(): void {
    const update = this.#waiting
    this.cancel()
    if (update !== undefined) this.#tell(update)
  }
}
