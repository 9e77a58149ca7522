import { type EncodedEntry, type Entry, encodeWhole } from './entry.ts'

const SLAB_OCTETS = 4 * 1024 * 1024

/** Encoded entries that one piece of memory holds. */
class Slab {
  readonly entries = new Map<Entry, EncodedEntry>()
  readonly #octets: Buffer
  #used = 0

  constructor(octets: number) {
    this.#octets = Buffer.allocUnsafeSlow(octets)
  }

  get room(): number {
    return this.#octets.length - this.#used
  }

  add(entry: Entry, { name, all }: EncodedEntry): void {
    this.entries.set(entry, { name: this.#copy(name), all: this.#copy(all) })
  }

  #copy(octets: Buffer): Buffer {
    const start = this.#used
    this.#used += octets.copy(this.#octets, start)
    return this.#octets.subarray(start, this.#used)
  }
}

/**
 * The entries that were asked for lately, encoded: as many as two slabs hold, one of them being filled. What is asked for
 * again while it is in the other one goes into this one too, and so stays when the other one goes.
 */
export class EncodedEntries {
  #filling = new Slab(0)
  #full = this.#filling

  of(entry: Entry): EncodedEntry {
    const known = this.#filling.entries.get(entry)
    if (known !== undefined) return known
    const encoded = this.#full.entries.get(entry) ?? encodeWhole(entry)
    const octets = encoded.name.length + encoded.all.length
    if (this.#filling.room < octets) {
      this.#full = this.#filling
      this.#filling = new Slab(Math.max(SLAB_OCTETS, octets))
    }
    this.#filling.add(entry, encoded)
    return encoded
  }
}
