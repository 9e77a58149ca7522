import type { Logger } from '#schema/kernel/logger.ts'
import type { Binder, BindOutcome } from '../bind/bind.ts'
import type { Bound } from '../bind/bound.ts'
import { readName } from '../codec/dn.ts'
import {
  encodeExtended,
  encodeResult,
  type Message,
  Operation,
  type Request,
  responseTagOf,
  type SearchRequest,
} from '../codec/message.ts'
import { Oid } from '../codec/oids.ts'
import { type LdapResult, ResultCode, SUCCESS } from '../codec/result-code.ts'
import { comparable } from '../directory/entry.ts'
import { rootDse, SUBSCHEMA } from '../directory/subschema.ts'
import type { LdapMetrics } from '../metrics.ts'
import { type LdapProvider, providerFor } from '../provider.ts'
import type { DirectorySource } from '../search/directory-source.ts'
import { asSeen, type SearchLimits, search, searchSpecial } from '../search/search.ts'

/** What the operations need to know of the connection that they are on. */
export interface Session {
  bound: Bound | undefined
  readonly remoteIp: string
  readonly signal: AbortSignal
}

export interface OperationsOptions {
  readonly binder: Binder
  readonly source: DirectorySource
  /** Reads the directory anew, for providers that do not search a copy. */
  readonly revalidate: () => Promise<void>
  readonly providers: () => readonly LdapProvider[]
  readonly metrics: LdapMetrics
  readonly limits: SearchLimits
  readonly log: Logger
}

const LOGIN_WITHIN_MS = 60_000
/** Controls that change nothing here, so that even a critical one can be obeyed. */
const HARMLESS_CONTROLS: ReadonlySet<string> = new Set([Oid.manageDsaIt])

type Answers = Buffer[] | Promise<Buffer[]>

/** Answers requests, each with whole encoded messages; those that can be answered from memory are, at once. */
export class Operations {
  readonly #options: OperationsOptions

  constructor(options: OperationsOptions) {
    this.#options = options
  }

  failed(cause: unknown): void {
    this.#options.log.error('an LDAP request failed', { cause })
  }

  answer(message: Message, session: Session): Answers {
    const { id, request, controls } = message
    const critical = controls.find((control) => control.critical && !HARMLESS_CONTROLS.has(control.oid))
    if (critical !== undefined && request.kind !== 'bind')
      return [
        refusal(id, request, {
          code: ResultCode.unavailableCriticalExtension,
          message: `control ${critical.oid} is not supported`,
        }),
      ]
    switch (request.kind) {
      case 'bind':
        if (critical !== undefined) {
          session.bound = undefined
          return [encodeResult(id, Operation.bindResponse, { code: ResultCode.unavailableCriticalExtension })]
        }
        return this.#bind(id, request, session)
      case 'search':
        return this.#search(id, request, session)
      case 'compare':
        return this.#compare(id, request, session)
      case 'extended':
        return [this.#extended(id, request.oid, session)]
      case 'write':
        return [
          encodeResult(id, request.responseTag, {
            code: ResultCode.unwillingToPerform,
            message: 'this directory is read-only',
          }),
        ]
      case 'unbind':
      case 'abandon':
        return []
      default:
        return request satisfies never
    }
  }

  #bind(id: number, request: Extract<Request, { kind: 'bind' }>, session: Session): Answers {
    // Whatever comes of it, the identity from before is gone (RFC 4511 §4.2.1).
    session.bound = undefined
    const started = performance.now()
    const respond = ({ result, bound, reason }: BindOutcome, app = ''): Buffer[] => {
      session.bound = bound
      this.#options.metrics.took('bind', app, performance.now() - started)
      if (reason !== undefined) this.#options.metrics.rejected('bind', reason, app)
      return [encodeResult(id, Operation.bindResponse, result)]
    }
    const refusal = refusedBind(request)
    if (refusal !== undefined) return respond({ result: refusal, reason: 'refused' })
    const { name, credentials } = request
    const dn = readName(name)
    // Nobody in particular: may read the root DSE and the schema, which say how to bind.
    if (name === '') return respond({ result: SUCCESS })
    if (dn === undefined || credentials.kind !== 'simple')
      return respond({
        result: { code: ResultCode.invalidDnSyntax, message: 'not a distinguished name' },
        reason: 'invalid_bind_dn',
      })
    const provider = providerFor(this.#options.providers(), dn)
    if (provider === undefined)
      return respond({
        result: { code: ResultCode.invalidCredentials, message: 'invalid credentials' },
        reason: 'no_provider',
      })
    const { bindSettings, config } = provider
    const { password } = credentials
    const { binder } = this.#options
    const known = binder.fromCache(bindSettings, { name, password })
    if (known !== undefined) return respond(known, config.application_slug)
    const signal = AbortSignal.any([session.signal, AbortSignal.timeout(LOGIN_WITHIN_MS)])
    return binder
      .bind(bindSettings, { name, password: Buffer.from(password), remoteIp: session.remoteIp, signal })
      .then((outcome) => respond(outcome, config.application_slug))
  }

  #search(id: number, request: SearchRequest, session: Session): Answers {
    const base = request.base.trim().toLowerCase()
    if (base === '')
      return searchSpecial(id, request, rootDse(this.#options.providers().map(({ config }) => config.base_dn)))
    if (base === SUBSCHEMA.dn) return searchSpecial(id, request, SUBSCHEMA)
    const access = this.#accessTo(request.base, session)
    if ('result' in access) {
      this.#options.metrics.rejected('search', access.reason, '')
      return [encodeResult(id, Operation.searchResultDone, access.result)]
    }
    const { provider, bound } = access
    return this.#within(provider, () => {
      const started = performance.now()
      const directory = provider.directory(this.#options.source)
      const searcher = { userPk: bound.userPk, seesEverything: bound.seesEverything, userDn: bound.dn }
      const answers = search(id, request, directory, searcher, this.#options.limits)
      this.#options.metrics.took('search', provider.config.application_slug, performance.now() - started)
      return answers
    })
  }

  #compare(
    id: number,
    { entry: name, attribute, value }: Extract<Request, { kind: 'compare' }>,
    session: Session,
  ): Answers {
    const access = this.#accessTo(name, session)
    if ('result' in access) return [encodeResult(id, Operation.compareResponse, access.result)]
    const { provider, bound } = access
    return this.#within(provider, () => {
      const entry = provider.directory(this.#options.source).get(readName(name)?.key ?? '')
      const seen =
        entry === undefined
          ? undefined
          : asSeen(entry, { userPk: bound.userPk, seesEverything: bound.seesEverything, userDn: bound.dn })
      const type = attribute.toLowerCase()
      const code = () => {
        if (seen === undefined) return ResultCode.noSuchObject
        if (!seen.attributes.has(type)) return ResultCode.noSuchAttribute
        return seen.folded(type).has(comparable(type, value.toString('utf8')))
          ? ResultCode.compareTrue
          : ResultCode.compareFalse
      }
      return [encodeResult(id, Operation.compareResponse, { code: code() })]
    })
  }

  #extended(id: number, oid: string, { bound }: Session): Buffer {
    if (oid === Oid.whoAmI) return encodeExtended(id, SUCCESS, { value: bound === undefined ? '' : `dn:${bound.dn}` })
    return encodeExtended(id, { code: ResultCode.protocolError, message: `extended operation ${oid} is not supported` })
  }

  /** The provider that holds the name and the identity that may look there, or why not. */
  #accessTo(
    name: string,
    { bound }: Session,
  ): { provider: LdapProvider; bound: Bound } | { result: LdapResult; reason: string } {
    const denied = (message: string, reason: string) => ({
      result: { code: ResultCode.insufficientAccessRights, message },
      reason,
    })
    if (bound === undefined) return denied('bind first', 'empty_bind_dn')
    const dn = readName(name)
    if (dn === undefined)
      return {
        result: { code: ResultCode.invalidDnSyntax, message: 'not a distinguished name' },
        reason: 'invalid_base',
      }
    const provider = providerFor(this.#options.providers(), dn)
    if (provider === undefined)
      return {
        result: { code: ResultCode.noSuchObject, message: 'no directory here has this base' },
        reason: 'no_provider',
      }
    return provider.config.pk === bound.provider
      ? { provider, bound }
      : denied('bound to another directory', 'invalid_bind_dn')
  }

  /** Answers from the copy at once; a provider in direct mode makes sure first that the copy is what the core holds. */
  #within(provider: LdapProvider, work: () => Buffer[]): Answers {
    return provider.config.search_mode === 'cached' ? work() : this.#options.revalidate().then(work)
  }
}

/** Binds that are refused whoever it is: RFC 4513 §5.1.2 (no password), SASL, other versions. */
function refusedBind({ version, name, credentials }: Extract<Request, { kind: 'bind' }>): LdapResult | undefined {
  if (version !== 3) return { code: ResultCode.protocolError, message: 'only LDAP version 3 is supported' }
  if (credentials.kind !== 'simple')
    return { code: ResultCode.authMethodNotSupported, message: 'only simple binds are supported' }
  if ((credentials.password.length === 0) !== (name === ''))
    return { code: ResultCode.unwillingToPerform, message: 'name and password go together' }
  return undefined
}

function refusal(id: number, request: Request, result: LdapResult): Buffer {
  const tags = {
    search: Operation.searchRequest,
    compare: Operation.compareRequest,
    extended: Operation.extendedRequest,
    bind: Operation.bindRequest,
    unbind: 0,
    abandon: 0,
  }
  const tag = request.kind === 'write' ? request.responseTag : responseTagOf(tags[request.kind])
  return tag === undefined ? Buffer.alloc(0) : encodeResult(id, tag, result)
}
