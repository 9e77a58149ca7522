/** The last moment of each of many keys; of those longest unheard of, too late rather than too early. */
export class Moments<K> {
  readonly #max: number
  readonly #moments = new Map<K, number>()
  #ofOthers = 0

  /** Holds so many keys one by one. */
  constructor(max: number) {
    this.#max = max
  }

  /** 0 when nothing was ever set. */
  of(key: K): number {
    return this.#moments.get(key) ?? this.#ofOthers
  }

  set(key: K, moment: number): void {
    this.#moments.delete(key)
    if (this.#moments.size >= this.#max) {
      const [oldest, of] = this.#moments.entries().next().value!
      this.#moments.delete(oldest)
      this.#ofOthers = Math.max(this.#ofOthers, of)
    }
    this.#moments.set(key, moment)
  }
}
