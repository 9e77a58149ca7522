import { setImmediate as turn } from 'node:timers/promises'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Bound } from '../bind/bound.ts'
import { type Name, readName } from '../codec/dn.ts'
import { encodeResult } from '../codec/encode-response.ts'
import { Operation, type Request, type SearchRequest } from '../codec/message.ts'
import { type LdapResult, ResultCode } from '../codec/result-code.ts'
import { comparable } from '../directory/entry.ts'
import { rootDse, SUBSCHEMA } from '../directory/subschema.ts'
import type { LdapMetrics } from '../metrics.ts'
import { type LdapProvider, providerFor } from '../provider.ts'
import type { Answers, Session } from '../server/session.ts'
import type { DirectorySource } from './directory-source.ts'
import { asSeen, type Parts, type SearchLimits, search, searchSpecial } from './search.ts'

export interface DirectoryOperationsOptions {
  readonly source: DirectorySource
  /** Reads the directory anew, for providers that do not search a copy. */
  readonly revalidate: () => Promise<void>
  readonly providers: () => readonly LdapProvider[]
  readonly metrics: LdapMetrics
  readonly limits: SearchLimits
}

type Access = { readonly provider: LdapProvider; readonly bound: Bound; readonly name: Name }
type Refusal = { readonly result: LdapResult; readonly reason: string }

/** Answers searches and comparisons (RFC 4511 §4.5, §4.10). */
export class DirectoryOperations {
  readonly #options: DirectoryOperationsOptions

  constructor(options: DirectoryOperationsOptions) {
    this.#options = options
  }

  search(id: number, request: SearchRequest, session: Session): Answers {
    const base = request.base.trim().toLowerCase()
    if (base === '')
      return searchSpecial(id, request, rootDse(this.#options.providers().map(({ config }) => config.base_dn)))
    if (base === SUBSCHEMA.dn) return searchSpecial(id, request, SUBSCHEMA)
    const refuse = this.#refusing(id, Operation.searchResultDone)
    const access = this.#accessTo(request.base, session)
    if ('result' in access) return refuse(access)
    const { provider, bound, name } = access
    const { source, limits, metrics } = this.#options
    return this.#within(provider, refuse, () => {
      const started = performance.now()
      const parts = search(id, request, { directory: provider.directory(source), base: name, searcher: bound, limits })
      return inTurns(parts, () => metrics.took('search', provider.config.application_slug, performance.now() - started))
    })
  }

  compare(
    id: number,
    { entry: named, attribute, value }: Extract<Request, { readonly kind: 'compare' }>,
    session: Session,
  ): Answers {
    const refuse = this.#refusing(id, Operation.compareResponse)
    const access = this.#accessTo(named, session)
    if ('result' in access) return refuse(access)
    const { provider, bound, name } = access
    return this.#within(provider, refuse, () => {
      const entry = provider.directory(this.#options.source).get(name.key)
      const seen = entry === undefined ? undefined : asSeen(entry, bound)
      const type = attribute.toLowerCase()
      const code = () => {
        if (seen === undefined) return ResultCode.noSuchObject
        if (!seen.has(type)) return ResultCode.noSuchAttribute
        const isTrue = seen.holds(type, comparable(type, value.toString('utf8')))
        return isTrue ? ResultCode.compareTrue : ResultCode.compareFalse
      }
      return [encodeResult(id, Operation.compareResponse, { code: code() })]
    })
  }

  #refusing(id: number, tag: number): (refusal: Refusal, app?: string) => readonly Buffer[] {
    const type = tag === Operation.compareResponse ? 'compare' : 'search'
    return ({ result, reason }, app = '') => {
      this.#options.metrics.rejected(type, reason, app)
      return [encodeResult(id, tag, result)]
    }
  }

  /** The provider that holds the name and the identity that may look there, or why not. */
  #accessTo(text: string, { bound }: Session): Access | Refusal {
    if (bound === undefined) return denied('bind first', 'empty_bind_dn')
    const name = readName(text)
    if (name === undefined) return INVALID_BASE
    const provider = providerFor(this.#options.providers(), name)
    if (provider === undefined) return NO_PROVIDER
    return provider.bindSettings === bound.settings
      ? { provider, bound, name }
      : denied('bound to another directory', 'invalid_bind_dn')
  }

  /** Answers from the copy at once; a provider in direct mode makes sure first that the copy is what the core holds. */
  #within(
    provider: LdapProvider,
    refuse: (refusal: Refusal, app: string) => readonly Buffer[],
    work: () => Answers,
  ): Answers {
    if (provider.config.search_mode === 'cached') return work()
    const { revalidate } = this.#options
    return async function* (signal) {
      try {
        await revalidate()
      } catch (error) {
        if (!(error instanceof MartelloError)) throw error
        yield refuse(UNAVAILABLE, provider.config.application_slug)
        return
      }
      if (signal.aborted) return
      const answers = work()
      if (typeof answers === 'function') yield* answers(signal)
      else yield answers
    }
  }
}

const refusal = (code: number, message: string, reason: string): Refusal => ({ result: { code, message }, reason })
const denied = (message: string, reason: string) => refusal(ResultCode.insufficientAccessRights, message, reason)
const INVALID_BASE = refusal(ResultCode.invalidDnSyntax, 'not a distinguished name', 'invalid_base')
const NO_PROVIDER = refusal(ResultCode.noSuchObject, 'no directory here has this base', 'no_provider')
const UNAVAILABLE = refusal(ResultCode.unavailable, 'the identity core cannot be asked now', 'unavailable')

/** What takes but one part is answered at once; everybody else has a turn before each further one. */
function inTurns(parts: Parts, finished: () => void): Answers {
  const first = parts.next()
  if (first.done === true) {
    finished()
    return first.value
  }
  return async function* (signal) {
    yield first.value
    for (let isDone = false; !isDone; ) {
      await turn()
      if (signal.aborted) return
      const { value, done } = parts.next()
      yield value
      isDone = done === true
    }
    finished()
  }
}
