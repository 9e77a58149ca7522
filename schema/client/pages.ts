import { z } from 'zod'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { CoreClient, CoreRequest } from './request.ts'

const envelope = z.object({
  /** The number of the next page, 0 when this is the last. */
  pagination: z.object({ next: z.number().int() }),
  results: z.array(z.unknown()),
})

interface Page {
  readonly next: number
  readonly results: readonly unknown[]
  readonly etag: string | undefined
}

/** A list of the core that is read again and again; a page that has not changed is not transferred again. */
export class PagedList {
  readonly #core: CoreClient
  readonly #request: Pick<CoreRequest, 'path' | 'query'>
  #pages: readonly Page[] = []
  #objects: readonly unknown[] = []

  constructor(core: CoreClient, request: Pick<CoreRequest, 'path' | 'query'>) {
    this.#core = core
    this.#request = request
  }

  /** Every object of the list, in its order: the very same array while nothing changes. Rejects as the client does. */
  async read(): Promise<readonly unknown[]> {
    const pages: Page[] = []
    for (let number = 1; number > pages.length; ) {
      const page = await this.#read(number, this.#pages[pages.length])
      pages.push(page)
      number = page.next
    }
    const isSame = pages.length === this.#pages.length && pages.every((page, index) => page === this.#pages[index])
    if (!isSame) this.#objects = pages.flatMap(({ results }) => results)
    this.#pages = pages
    return this.#objects
  }

  async #read(number: number, known: Page | undefined): Promise<Page> {
    const { path, query } = this.#request
    const answer = await this.#core.request({ path, query: { ...query, page: number }, etag: known?.etag })
    if (answer.kind === 'not-modified') {
      if (known === undefined) throw new CoreUnreachableError('"not modified" for a page that was never sent')
      return known
    }
    const parsed = envelope.safeParse(answer.body)
    if (!parsed.success) throw new CoreUnreachableError('the answer is not a page of a list', parsed.error)
    return { next: parsed.data.pagination.next, results: parsed.data.results, etag: answer.etag }
  }
}
