import { MartelloError } from '#schema/kernel/errors.ts'

/** More work of one kind is waiting than the process will take on. */
export class OverloadedError extends MartelloError {
  override readonly code = 'MRT_OVERLOADED'
}

/** Runs at most `running` pieces of work at once, keeps at most `waiting` more, and refuses the rest. */
export class BoundedWork {
  readonly #running: number
  readonly #waiting: number
  readonly #queue: Array<() => void> = []
  #active = 0
  #begun = 0

  constructor({ running, waiting }: { running: number; waiting: number }) {
    this.#running = running
    this.#waiting = waiting
  }

  /** Pieces of work begun since the process started. */
  get begun(): number {
    return this.#begun
  }

  /** Pieces of work that wait for their turn. */
  get waiting(): number {
    return this.#queue.length
  }

  /** The work's result; an OverloadedError, and nothing is done, when too much is waiting already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active < this.#running) this.#active++
    else {
      if (this.#queue.length >= this.#waiting)
        throw new OverloadedError('too much work is waiting; try again later', { retryable: true })
      await new Promise<void>((resolve) => this.#queue.push(resolve))
    }
    this.#begun++
    try {
      return await work()
    } finally {
      // A waiting piece takes over this one's place.
      const next = this.#queue.shift()
      if (next === undefined) this.#active--
      else next()
    }
  }
}
