/** How many connections there are, all together and from each address. */
export class ConnectionCount {
  readonly #maxAll: number
  readonly #maxFromOne: number
  readonly #fromAddress = new Map<string, number>()
  #all = 0

  constructor(maxAll: number, maxFromOneAddress: number) {
    this.#maxAll = maxAll
    this.#maxFromOne = maxFromOneAddress
  }

  /** Counts one more and returns what to call, once, when it is gone; undefined if there are too many already. */
  enter(address: string): (() => void) | undefined {
    const before = this.#fromAddress.get(address) ?? 0
    if (this.#all >= this.#maxAll || before >= this.#maxFromOne) return undefined
    this.#all++
    this.#fromAddress.set(address, before + 1)
    return () => {
      this.#all--
      const left = this.#fromAddress.get(address)! - 1
      if (left === 0) this.#fromAddress.delete(address)
      else this.#fromAddress.set(address, left)
    }
  }
}
