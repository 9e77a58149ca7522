import type { FlowClient, FlowOutcome, FlowUser } from '#outposts/flow/flow-client.ts'
import type { OutpostHost } from '#outposts/kind.ts'
import { canonicalDn, isWithin, type Name } from '../codec/dn.ts'
import { type LdapResult, ResultCode, SUCCESS } from '../codec/result-code.ts'
import { userDn } from '../directory/build-entries.ts'
import type { BindCache } from './bind-cache.ts'
import type { BindSettings } from './bind-settings.ts'
import type { Bound } from './bound.ts'
import { readingsOf } from './password.ts'

export interface BindRequest {
  readonly name: Name
  readonly password: Buffer
  readonly remoteIp: string
  readonly signal: AbortSignal
}

export type BindOutcome = { readonly result: LdapResult; readonly bound?: Bound; readonly reason?: string }

const refused = (code: number, message: string, reason: string): BindOutcome => ({ result: { code, message }, reason })
/** How often the core is asked of somebody who changes meanwhile. */
const MAX_ASKED = 3
const CHANGING = refused(ResultCode.busy, 'what is known of this user is changing', 'changing')
const INVALID = refused(ResultCode.invalidCredentials, 'invalid credentials', 'invalid_credentials')

/**
 * The user that a bind names: `cn=<username>,ou=users,<base>`, compared component by component; undefined for any other
 * name (also below the base).
 */
export function usernameOf(name: Name, base: Name): string | undefined {
  if (name.rdns.length !== base.rdns.length + 2 || !isWithin(name, base)) return undefined
  const [user, container] = name.rdns
  if (user?.length !== 1 || container?.length !== 1 || canonicalDn([container]) !== 'ou=users') return undefined
  return user[0]!.type === 'cn' && user[0]!.value !== '' ? user[0]!.value : undefined
}

/** Authenticates a simple bind with a name and a password (RFC 4513 §5.1.3); nothing but a clear yes lets anybody in. */
export class Binder {
  readonly #flows: FlowClient
  readonly #mayAdmit: () => boolean
  readonly #cache: BindCache
  readonly #maxRunning: number
  #running = 0

  constructor({ flows, mayAdmit }: Pick<OutpostHost, 'flows' | 'mayAdmit'>, cache: BindCache, maxRunning = 64) {
    this.#flows = flows
    this.#mayAdmit = mayAdmit
    this.#cache = cache
    this.#maxRunning = maxRunning
  }

  /** The outcome from memory, undefined if the core has to be asked. */
  fromCache(
    settings: BindSettings,
    { name, password }: Pick<BindRequest, 'name' | 'password'>,
  ): BindOutcome | undefined {
    if (!settings.isCached || !this.#mayAdmit()) return undefined
    const bound = this.#cache.verify(settings, name.key, password)
    return bound === undefined ? undefined : { result: SUCCESS, bound }
  }

  async bind(settings: BindSettings, request: BindRequest): Promise<BindOutcome> {
    const username = usernameOf(request.name, settings.base)
    if (username === undefined) return INVALID
    if (this.#running >= this.#maxRunning) return refused(ResultCode.busy, 'too many binds at the same time', 'busy')
    this.#running++
    try {
      return await this.#ask(settings, request, username)
    } finally {
      this.#running--
    }
  }

  /** What was decided of a user who has changed since is not what would be decided now: the core is asked again. */
  async #ask(settings: BindSettings, request: BindRequest, username: string): Promise<BindOutcome> {
    for (let time = 0; time < MAX_ASKED; time++) {
      const { moment } = this.#cache
      const outcome = await this.#askOnce(settings, request, username, moment)
      if (outcome.bound === undefined || !this.#cache.hasChangedSince(outcome.bound, moment)) return outcome
    }
    return CHANGING
  }

  async #askOnce(
    settings: BindSettings,
    { name, password, remoteIp, signal }: BindRequest,
    username: string,
    moment: number,
  ): Promise<BindOutcome> {
    let outcome: FlowOutcome = { kind: 'denied', reason: 'invalid_credentials' }
    for (const reading of readingsOf(password.toString('utf8'), settings.supportsCodes)) {
      const { flowSlug, applicationSlug } = settings
      outcome = await this.#flows.login({
        flowSlug,
        applicationSlug,
        username,
        ...reading,
        remoteIp,
        protocol: 'ldap',
        signal,
      })
      if (outcome.kind !== 'denied' || outcome.reason === 'access_denied') break
    }
    if (outcome.kind === 'unavailable')
      return refused(ResultCode.unavailable, 'the identity core cannot be asked now', 'unavailable')
    if (outcome.kind === 'denied')
      return outcome.reason === 'access_denied'
        ? refused(ResultCode.insufficientAccessRights, 'access denied', outcome.reason)
        : INVALID
    const bound = boundAs(settings, outcome.user, outcome.session)
    if (this.#cache.hasEndedSince(bound, moment)) return INVALID
    const { sessionExpires } = outcome
    if (settings.isCached) this.#cache.remember(name.key, password, bound, { moment, sessionExpires })
    return { result: SUCCESS, bound }
  }
}

function boundAs(settings: BindSettings, user: FlowUser, session: string | undefined): Bound {
  const { searchGroup, baseDn } = settings
  return {
    settings,
    userPk: user.pk,
    session,
    username: user.username,
    dn: userDn(user.username, baseDn.toLowerCase()),
    seesEverything: searchGroup !== undefined && user.groups.some((group) => group.pk === searchGroup),
  }
}
