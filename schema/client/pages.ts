import { z } from 'zod'
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
}

/** A list of the core that is read again and again; a page that has not changed is not transferred again. */
export class PagedList<T = unknown> {
  readonly #core: CoreClient
  readonly #request: Pick<CoreRequest, 'path' | 'query'>
  readonly #parse: (raw: unknown) => readonly T[]
  /** By the number of the page. */
  #readers: ReadonlyMap<number, ConditionalRead<Page<T>>> = new Map()
  #pages: readonly Page<T>[] = []
  #objects: readonly T[] = []

  /** `parse` makes what is kept of an object as it was sent: nothing, of one that is left out. */
  constructor(
    core: CoreClient,
    request: Pick<CoreRequest, 'path' | 'query'>,
    parse: (raw: unknown) => readonly T[] = (raw) => [raw as T],
  ) {
    this.#core = core
    this.#request = request
    this.#parse = parse
  }

  /** Every object of the list, in its order: the very same array while nothing changes. Rejects as the client does. */
  async read(): Promise<readonly T[]> {
    const readers = new Map<number, ConditionalRead<Page<T>>>()
    const pages: Page<T>[] = []
    for (let number = 1; number > pages.length; ) {
      const reader = this.#readers.get(number) ?? this.#reader(number)
      const page = await reader.now()
      readers.set(number, reader)
      pages.push(page)
      number = page.next
    }
    const isSame = pages.length === this.#pages.length && pages.every((page, index) => page === this.#pages[index])
    if (!isSame) this.#objects = pages.flatMap(({ objects }) => objects)
    this.#readers = readers
    this.#pages = pages
    return this.#objects
  }

  #reader(page: number): ConditionalRead<Page<T>> {
    const { path, query } = this.#request
    return new ConditionalRead(this.#core, { path, query: { ...query, page } }, (body) => {
      const parsed = envelope.safeParse(body)
      if (!parsed.success) throw new CoreUnreachableError('the answer is not a page of a list', parsed.error)
      const { pagination, results } = parsed.data
      return { next: pagination.next, objects: results.flatMap((raw) => this.#parse(raw)) }
    })
  }
}
