import { z } from 'zod'
import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { ConditionalRead } from './conditional.ts'
import type { CoreClient, CoreRequest } from './request.ts'

const envelope = z.object({
  /** The number of the next page, 0 when this is the last. */
  pagination: z.object({ next: z.number().int() }),
  results: z.array(z.unknown()),
})

interface Page<T> {
  readonly next: number
  readonly objects: readonly T[]
  /** Of all that was sent, in its order. */
  readonly keys: string
}

/** How often a list is read because objects have come and gone between its pages. */
const PASSES = { whole: 6, otherwise: 2 }

export interface PagedListRequest extends Pick<CoreRequest, 'path' | 'query'> {
  /** The field by which objects are told apart; `pk` unless it is another one. */
  readonly key?: string
  /** Rejects rather than that something might be hidden; otherwise the last reading is taken in the end. */
  readonly whole?: boolean
}

/**
 * A list of the core that is read again and again; a page that has not changed is not transferred again. Pages are counted
 * off, so that an object which goes between two of them hides another one: of several pages the same objects should be
 * seen twice, unless they are those of the last time.
 */
export class PagedList<T = unknown> {
  readonly #core: CoreClient
  readonly #request: PagedListRequest
  readonly #parse: (raw: unknown) => readonly T[]
  /** By the number of the page. */
  #readers: ReadonlyMap<number, ConditionalRead<Page<T>>> = new Map()
  #pages: readonly Page<T>[] = []
  #keys: string | undefined
  #objects: readonly T[] = []

  /** `parse` makes what is kept of an object as it was sent: nothing, of one that is left out. */
  constructor(
    core: CoreClient,
    request: PagedListRequest,
    parse: (raw: unknown) => readonly T[] = (raw) => [raw as T],
  ) {
    this.#core = core
    this.#request = request
    this.#parse = parse
  }

  /** Every object of the list, in its order: the very same array while nothing changes. Rejects as the client does. */
  async read(): Promise<readonly T[]> {
    const { whole = false } = this.#request
    for (let left = whole ? PASSES.whole : PASSES.otherwise; left > 0; left--) {
      const pages = await this.#pass()
      const keys = pages.map((page) => page.keys).join()
      const isWhole = pages.length === 1 || keys === this.#keys
      this.#keys = keys
      if (isWhole || (left === 1 && !whole)) return this.#kept(pages)
    }
    throw new CoreUnreachableError(`${this.#request.path} changes faster than it can be read`)
  }

  async #pass(): Promise<readonly Page<T>[]> {
    const readers = new Map<number, ConditionalRead<Page<T>>>()
    const pages: Page<T>[] = []
    for (let number = 1; number > pages.length; ) {
      const reader = this.#readers.get(number) ?? this.#reader(number)
      const page = await reader.now()
      readers.set(number, reader)
      pages.push(page)
      number = page.next
    }
    this.#readers = readers
    return pages
  }

  #kept(pages: readonly Page<T>[]): readonly T[] {
    const isSame = pages.length === this.#pages.length && pages.every((page, index) => page === this.#pages[index])
    if (!isSame) this.#objects = pages.flatMap(({ objects }) => objects)
    this.#pages = pages
    return this.#objects
  }

  #reader(page: number): ConditionalRead<Page<T>> {
    const { path, query, key = 'pk' } = this.#request
    const keyOf = (object: unknown) => (isJsonObject(object) ? object[key] : object)
    return new ConditionalRead(this.#core, { path, query: { ...query, page } }, (body) => {
      const parsed = envelope.safeParse(body)
      if (!parsed.success) throw new CoreUnreachableError('the answer is not a page of a list', parsed.error)
      const { pagination, results } = parsed.data
      return {
        next: pagination.next,
        objects: results.flatMap((raw) => this.#parse(raw)),
        keys: JSON.stringify(results.map(keyOf)),
      }
    })
  }
}
