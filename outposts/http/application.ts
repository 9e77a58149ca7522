import type { Clock } from '#schema/kernel/clock.ts'
import { VERSION } from '#schema/version.ts'
import type { Identity, Visitor } from './codec/identity.ts'
import { type Header, type HeaderContext, identityHeaders, nobodyHeaders } from './codec/identity-headers.ts'
import type { ProviderSettings } from './provider-settings.ts'
import { BearerTokens } from './session/bearer-tokens.ts'
import { PendingSignIns } from './session/pending-sign-ins.ts'
import type { Revocations } from './session/revocations.ts'
import { type SessionOwner, Sessions } from './session/sessions.ts'
import type { BackChannel } from './sign-in/back-channel.ts'
import { IdTokens } from './sign-in/id-token.ts'

export interface ApplicationSurroundings {
  readonly channel: BackChannel
  readonly revocations: Revocations
  readonly clock: Clock
  readonly outpostName: string
}

/** One provider as it is served: who is signed in to it, and what its application is told about them. */
export class Application {
  readonly settings: ProviderSettings
  readonly sessions: Sessions
  readonly pending: PendingSignIns
  readonly idTokens: IdTokens
  readonly bearers: BearerTokens
  /** What the application is told when nobody is signed in. */
  readonly nobody: readonly Header[]
  readonly #surroundings: ApplicationSurroundings
  readonly #context: HeaderContext
  readonly #headers = new WeakMap<Visitor, readonly Header[]>()

  constructor(settings: ProviderSettings, surroundings: ApplicationSurroundings) {
    const { channel, clock, outpostName } = surroundings
    const owner: SessionOwner = {
      secret: settings.cookieSecret,
      owner: `${settings.pk} ${settings.clientId}`,
      cookieName: settings.cookieName,
      isSecure: settings.external.protocol === 'https:',
    }
    this.settings = settings
    this.#surroundings = surroundings
    this.sessions = new Sessions(owner)
    this.pending = new PendingSignIns(owner)
    this.idTokens = new IdTokens(settings, channel, clock)
    this.bearers = new BearerTokens(settings, channel, clock)
    this.#context = {
      jwks: settings.endpoints.jwks,
      outpost: outpostName,
      provider: settings.name,
      application: settings.application,
      version: `goauthentik.io/outpost/${VERSION}`,
      basicAuth: settings.basicAuth,
      additional: settings.additionalHeaders,
    }
    this.nobody = nobodyHeaders(this.#context)
  }

  /** Who the cookies say it is, unless the core has ended that. */
  visitor(cookies: string | undefined): Visitor | undefined {
    const visitor = this.sessions.read(cookies, this.#surroundings.clock.now())
    return visitor === undefined || this.#isEnded(visitor) ? undefined : visitor
  }

  /** Who the bearer token says it is; rejects with CoreUnreachableError when the core has to be asked and is away. */
  async bearer(authorization: string | undefined): Promise<Visitor | undefined> {
    const token = this.settings.interceptsAuthorization
      ? /^bearer ([\w.~+/=-]{16,4096})$/i.exec(authorization ?? '')?.[1]
      : undefined
    const visitor = token === undefined ? undefined : await this.bearers.find(token)
    return visitor === undefined || this.#isEnded(visitor) ? undefined : visitor
  }

  /** Whether what let this visitor in is over: it ran out, was signed out of here, or the core has ended it. */
  isOver(visitor: Visitor): boolean {
    return this.sessions.isOver(visitor, this.#surroundings.clock.now()) || this.#isEnded(visitor)
  }

  /** What was issued to them at or before this moment (ms since the epoch) is void. */
  nothingBefore(identity: Identity): number {
    return this.#surroundings.revocations.nothingBefore(identity)
  }

  /** What the application is told; made once for each visitor. */
  headersOf(visitor: Visitor): readonly Header[] {
    const known = this.#headers.get(visitor)
    if (known !== undefined) return known
    const headers = identityHeaders(visitor.identity, visitor.token, this.#context)
    this.#headers.set(visitor, headers)
    return headers
  }

  #isEnded(visitor: Visitor): boolean {
    return this.#surroundings.revocations.covers(visitor)
  }
}
