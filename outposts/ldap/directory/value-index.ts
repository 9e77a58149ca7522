/**
 * Which entries may have a value. No value is kept, only a hash of it beside the number of the entry, in one sorted
 * array: eight octets for each pair. Every entry that has the value is found; by chance, one that has not.
 */
import type { Entry } from './entry.ts'

/** Number of an entry and 30 bits of hash fit into the 53 bits in which a number is exact. */
const MAX_ENTRIES = 2 ** 23

export interface Found<T extends Entry = Entry> {
  /** At least as many as there are. */
  readonly size: number
  /** In the order of the directory, none twice. */
  entries(): readonly T[]
}

export class ValueIndex<T extends Entry = Entry> {
  readonly #entries: readonly T[]
  /** Ascending. */
  readonly #pairs: Float64Array

  constructor(entries: readonly T[], valuesOf: (entry: T) => Iterable<string>) {
    if (entries.length > MAX_ENTRIES) throw new RangeError(`a directory of more than ${MAX_ENTRIES} entries`)
    const pairs: number[] = []
    for (const [number, entry] of entries.entries())
      for (const value of valuesOf(entry)) pairs.push(hashOf(value) * MAX_ENTRIES + number)
    this.#entries = entries
    this.#pairs = new Float64Array(pairs).sort()
  }

  find(value: string): Found<T> {
    const least = hashOf(value) * MAX_ENTRIES
    const from = this.#firstFrom(least)
    const to = this.#firstFrom(least + MAX_ENTRIES)
    return {
      size: to - from,
      entries: () => {
        const found: T[] = []
        for (let i = from; i < to; i++)
          if (i === from || this.#pairs[i] !== this.#pairs[i - 1]) found.push(this.#entries[this.#pairs[i]! - least]!)
        return found
      },
    }
  }

  /** Where the first pair is that is not below. */
  #firstFrom(pair: number): number {
    let [low, high] = [0, this.#pairs.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#pairs[middle]! < pair) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** FNV-1a over UTF-16 units, well mixed, 30 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 2
}
