const MAX_TEXTS = 4_096
const MAX_CHARACTERS = 256

/** Texts that many objects have, so that each is in memory once. */
export class SharedTexts {
  readonly #texts = new Map<string, string>()

  /** The same text, as it was met before. */
  of(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined || text.length > MAX_CHARACTERS) return known ?? text
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear()
    this.#texts.set(text, text)
    return text
  }
}
