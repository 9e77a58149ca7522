import { z } from 'zod'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { ConditionalRead } from './conditional.ts'
import type { CoreClient, CoreRequest } from './request.ts'

const envelope = z.object({
  /** The number of the next page, 0 when this is the last. */
  pagination: z.object({ next: z.number().int() }),
  results: z.array(z.unknown()),
})
type Page = z.infer<typeof envelope>

/** A list of the core that is read again and again; a page that has not changed is not transferred again. */
export class PagedList {
  readonly #core: CoreClient
  readonly #request: Pick<CoreRequest, 'path' | 'query'>
  /** By the number of the page. */
  #readers: ReadonlyMap<number, ConditionalRead<Page>> = new Map()
  #pages: readonly Page[] = []
  #objects: readonly unknown[] = []

  constructor(core: CoreClient, request: Pick<CoreRequest, 'path' | 'query'>) {
    this.#core = core
    this.#request = request
  }

  /** Every object of the list, in its order: the very same array while nothing changes. Rejects as the client does. */
  async read(): Promise<readonly unknown[]> {
    const readers = new Map<number, ConditionalRead<Page>>()
    const pages: Page[] = []
    for (let number = 1; number > pages.length; ) {
      const reader = this.#readers.get(number) ?? this.#reader(number)
      const page = await reader.now()
      readers.set(number, reader)
      pages.push(page)
      number = page.pagination.next
    }
    const isSame = pages.length === this.#pages.length && pages.every((page, index) => page === this.#pages[index])
    if (!isSame) this.#objects = pages.flatMap(({ results }) => results)
    this.#readers = readers
    this.#pages = pages
    return this.#objects
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
