import { type EncodedEntry, type Entry, encodeWhole } from './entry.ts'

const SLAB_OCTETS = 2 * 1024 * 1024

/** Encoded entries that one piece of memory holds. */
class Slab {
  readonly entries = new Map<Entry, EncodedEntry>()
  readonly #octets = Buffer.allocUnsafeSlow(SLAB_OCTETS)
  #used = 0

  hasRoomFor({ name, all }: EncodedEntry): boolean {
    return this.#used + name.length + all.length <= SLAB_OCTETS
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
 * The entries asked for lately, encoded: as many as two slabs hold. When the newer one is full, the older one goes, and
 * what is asked for again moves from it to a new one before that.
 */
export class EncodedEntries {
  #newer: Slab | undefined
  #older: Slab | undefined

  of(entry: Entry): EncodedEntry {
    const known = this.#newer?.entries.get(entry)
    if (known !== undefined) return known
    const encoded = this.#older?.entries.get(entry) ?? encodeWhole(entry)
    this.#remember(entry, encoded)
    return encoded
  }

  #remember(entry: Entry, encoded: EncodedEntry): void {
    if (this.#newer?.hasRoomFor(encoded) !== true) {
      this.#older = this.#newer
      this.#newer = new Slab()
    }
    if (this.#newer.hasRoomFor(encoded)) this.#newer.add(entry, encoded)
  }
}
