interface Running {
  readonly timer: NodeJS.Timeout
  readonly ms: number
}

/** Moments by which something must have happened; each is reported once when it passes. */
export class Deadlines<Name extends string> {
  readonly #running = new Map<Name, Running>()
  readonly #passed: (name: Name) => void

  constructor(passed: (name: Name) => void) {
    this.#passed = passed
  }

  /** Sets a deadline unless it is set already: it does not move with what happens meanwhile. */
  start(name: Name, ms: number): void {
    if (!this.#running.has(name)) this.#set(name, ms)
  }

  /** Sets a deadline anew. */
  restart(name: Name, ms: number): void {
    const running = this.#running.get(name)
    if (running?.ms === ms) running.timer.refresh()
    else {
      this.stop(name)
      this.#set(name, ms)
    }
  }

  stop(name: Name): void {
    const running = this.#running.get(name)
    if (running === undefined) return
    clearTimeout(running.timer)
    this.#running.delete(name)
  }

  stopAll(): void {
    for (const name of [...this.#running.keys()]) this.stop(name)
  }

  #set(name: Name, ms: number): void {
    const timer = setTimeout(() => {
      this.#running.delete(name)
      this.#passed(name)
    }, ms)
    this.#running.set(name, { timer, ms })
  }
}
