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
type Page = z.infer<typeof envelope>

/** How often a list is read anew because objects have come and gone between its pages. */
const PASSES = 6

export interface PagedListRequest extends Pick<CoreRequest, 'path' | 'query'> {
  /** The field by which objects are told apart; `pk` unless it is another one. */
  readonly key?: string
}

/**
 * A list of the core that is read again and again; a page that has not changed is not transferred again. Pages are counted
 * off, so that an object which goes between two of them hides another one: of several pages the same objects have to be
 * seen twice, unless they are those of the last time.
 */
export class PagedList {
  readonly #core: CoreClient
  readonly #request: PagedListRequest
  /** By the number of the page. */
  #readers: ReadonlyMap<number, ConditionalRead<Page>> = new Map()
  #pages: readonly Page[] = []
  #keys: string | undefined
  #objects: readonly unknown[] = []

  constructor(core: CoreClient, request: PagedListRequest) {
    this.#core = core
    this.#request = request
  }

  /** Every object of the list, in its order: the very same array while nothing changes. Rejects as the client does. */
  async read(): Promise<readonly unknown[]> {
    for (let pass = 1; pass <= PASSES; pass++) {
      const pages = await this.#pass()
      const keys = this.#keysOf(pages)
      const isWhole = pages.length === 1 || keys === this.#keys
      this.#keys = keys
      if (isWhole) return this.#kept(pages)
    }
    throw new CoreUnreachableError(`${this.#request.path} changes faster than it can be read`)
  }

  async #pass(): Promise<readonly Page[]> {
    const readers = new Map<number, ConditionalRead<Page>>()
    const pages: Page[] = []
    for (let number = 1; number > pages.length; ) {
      const reader = this.#readers.get(number) ?? this.#reader(number)
      const page = await reader.now()
      readers.set(number, reader)
      pages.push(page)
      number = page.pagination.next
    }
    this.#readers = readers
    return pages
  }

  #kept(pages: readonly Page[]): readonly unknown[] {
    const isSame = pages.length === this.#pages.length && pages.every((page, index) => page === this.#pages[index])
    if (!isSame) this.#objects = pages.flatMap(({ results }) => results)
    this.#pages = pages
    return this.#objects
  }

  #keysOf(pages: readonly Page[]): string {
    const { key = 'pk' } = this.#request
    const keyOf = (object: unknown) => (isJsonObject(object) ? object[key] : object)
    return JSON.stringify(pages.map(({ results }) => results.map(keyOf)))
  }

  #reader(page: number): ConditionalRead<Page> {
    const { path, query } = this.#request
    return new ConditionalRead(this.#core, { path, query: { ...query, page } }, (body) => {
      const parsed = envelope.safeParse(body)
      if (!parsed.success) throw new CoreUnreachableError('the answer is not a page of a list', parsed.error)
      return parsed.data
    })
  }
}
