import { readName } from '../codec/dn.ts'
import { encodeResult } from '../codec/encode-response.ts'
import { Operation, type Request } from '../codec/message.ts'
import { type LdapResult, ResultCode, SUCCESS } from '../codec/result-code.ts'
import type { LdapMetrics } from '../metrics.ts'
import { type LdapProvider, providerFor } from '../provider.ts'
import type { Answers, Session } from '../server/session.ts'
import type { Binder, BindOutcome } from './bind.ts'

export interface BindOperationOptions {
  readonly binder: Binder
  readonly providers: () => readonly LdapProvider[]
  readonly metrics: LdapMetrics
}

type BindRequest = Extract<Request, { readonly kind: 'bind' }>

const LOGIN_WITHIN_MS = 60_000

/** Answers bind requests (RFC 4511 §4.2) on sessions that nobody is bound on. */
export class BindOperation {
  readonly #options: BindOperationOptions

  constructor(options: BindOperationOptions) {
    this.#options = options
  }

  answer(id: number, request: BindRequest, session: Session): Answers {
    const { binder, providers, metrics } = this.#options
    const started = performance.now()
    const respond = ({ result, bound, reason }: BindOutcome, app = ''): readonly Buffer[] => {
      session.bound = bound
      metrics.took('bind', app, performance.now() - started)
      if (reason !== undefined) metrics.rejected('bind', reason, app)
      return [encodeResult(id, Operation.bindResponse, result)]
    }
    const { credentials } = request
    const refusal = refusedBind(request)
    if (refusal !== undefined || credentials.kind !== 'simple')
      return respond({ result: refusal ?? AUTH_METHOD, reason: 'refused' })
    // Nobody in particular: may read the root DSE and the schema, which say how to bind.
    if (request.name === '') return respond({ result: SUCCESS })
    const name = readName(request.name)
    if (name === undefined) return respond(NO_NAME)
    const provider = providerFor(providers(), name)
    if (provider === undefined) return respond(NO_PROVIDER)
    const { bindSettings, config } = provider
    const known = binder.fromCache(bindSettings, { name, password: credentials.password })
    if (known !== undefined) return respond(known, config.application_slug)
    const password = Buffer.from(credentials.password)
    const { remoteIp } = session
    return async function* (ended) {
      const signal = AbortSignal.any([ended, AbortSignal.timeout(LOGIN_WITHIN_MS)])
      const outcome = await binder.bind(bindSettings, { name, password, remoteIp, signal })
      if (!ended.aborted) yield respond(outcome, config.application_slug)
    }
  }
}

const AUTH_METHOD: LdapResult = {
  code: ResultCode.authMethodNotSupported,
  message: 'only simple binds are supported',
}
const NO_NAME: BindOutcome = {
  result: { code: ResultCode.invalidDnSyntax, message: 'not a distinguished name' },
  reason: 'invalid_bind_dn',
}
const NO_PROVIDER: BindOutcome = {
  result: { code: ResultCode.invalidCredentials, message: 'invalid credentials' },
  reason: 'no_provider',
}

/** Binds that are refused whoever it is: RFC 4513 §5.1.2 (no password), SASL, other versions. */
function refusedBind({ version, name, credentials }: BindRequest): LdapResult | undefined {
  if (version !== 3) return { code: ResultCode.protocolError, message: 'only LDAP version 3 is supported' }
  if (credentials.kind !== 'simple') return AUTH_METHOD
  if ((credentials.password.length === 0) !== (name === ''))
    return { code: ResultCode.unwillingToPerform, message: 'name and password go together' }
  return undefined
}
