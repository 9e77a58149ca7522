import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { CoreClient, CoreRequest } from './request.ts'

/** One answer of the core that is read again and again; while it does not change it is not transferred again. */
export class ConditionalRead<T> {
  readonly #core: CoreClient
  readonly #request: Pick<CoreRequest, 'path' | 'query'>
  readonly #parse: (body: unknown) => T
  #known: { readonly value: T; readonly etag: string | undefined } | undefined

  /** `parse` throws when the body is not what it should be; such an answer is not remembered. */
  constructor(core: CoreClient, request: Pick<CoreRequest, 'path' | 'query'>, parse: (body: unknown) => T) {
    this.#core = core
    this.#request = request
    this.#parse = parse
  }

  /** What the core has now: the very same value while nothing changes. Rejects as the client and `parse` do. */
  async now(): Promise<T> {
    const known = this.#known
    const answer = await this.#core.request({ ...this.#request, etag: known?.etag })
    if (answer.kind === 'not-modified') {
      if (known === undefined) throw new CoreUnreachableError('"not modified" for what was never sent')
      return known.value
    }
    const value = this.#parse(answer.body)
    this.#known = { value, etag: answer.etag }
    return value
  }
}
