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

  constructor({ running, waiting }: { running: number; waiting: number }) {
    this.#running = running
    this.#waiting = waiting
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#active < this.#running) this.#active++
    else {
      if (this.#queue.length >= this.#waiting)
        throw new OverloadedError('too much work is waiting; try again later', { retryable: true })
      await new Promise<void>((resolve) => this.#queue.push(resolve))
    }
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
