import type { Entry } from './entry.ts'

/** The values of the entry that a filter is evaluated on, as they are compared: it may ask for the same many times. */
export class Folded {
  #entry: Entry | undefined
  readonly #values = new Map<string, Iterable<string>>()

  of(entry: Entry, attribute: string): Iterable<string> {
    if (entry !== this.#entry) this.#values.clear()
    this.#entry = entry
    let values = this.#values.get(attribute)
    if (values === undefined) {
      values = entry.fold(attribute)
      this.#values.set(attribute, values)
    }
    return values
  }
}
