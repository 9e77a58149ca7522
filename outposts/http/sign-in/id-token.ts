import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import type { Endpoints } from '#outposts/http/codec/endpoints.ts'
import { type Identity, identityShape } from '#outposts/http/codec/identity.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import type { BackChannel } from './back-channel.ts'

const ASYMMETRIC = ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA']
const CLOCK_TOLERANCE_SECONDS = 30
const KEYS_LIFETIME_MS = 5 * 60_000

export interface IdTokenOwner {
  readonly clientId: string
  readonly clientSecret: string
  readonly endpoints: Endpoints
}

export type VerifiedToken =
  | {
      readonly kind: 'ok'
      readonly identity: Identity
      /** Milliseconds since the epoch. */
      readonly issuedAt: number
      readonly expires: number
    }
  | { readonly kind: 'refused'; readonly reason: string }

/** Verifies id tokens of one provider (OpenID Connect Core §3.1.3.7). */
export class IdTokens {
  readonly #owner: IdTokenOwner
  readonly #channel: Pick<BackChannel, 'get'>
  readonly #clock: Clock
  #keys: { readonly set: JSONWebKeySet; readonly until: number } | undefined

  constructor(owner: IdTokenOwner, channel: Pick<BackChannel, 'get'>, clock: Clock) {
    this.#owner = owner
    this.#channel = channel
    this.#clock = clock
  }

  /** What the token says, or why it is not believed. Rejects with CoreUnreachableError if its key cannot be had. */
  async verify(token: string, nonce: string): Promise<VerifiedToken> {
    try {
      const payload = await this.#payload(token)
      if (payload['nonce'] !== nonce) return { kind: 'refused', reason: 'the nonce is another' }
      const identity = identityShape.safeParse(payload)
      if (!identity.success) {
        const claims = identity.error.issues.map(({ path }) => path.join('.'))
        return { kind: 'refused', reason: `claims are missing or not what they should be: ${claims.join(', ')}` }
      }
      return { kind: 'ok', identity: identity.data, issuedAt: payload.iat! * 1000, expires: payload.exp! * 1000 }
    } catch (error) {
      if (error instanceof errors.JOSEError) return { kind: 'refused', reason: error.message }
      throw error
    }
  }

  async #payload(token: string): Promise<JWTPayload> {
    const { clientId, clientSecret, endpoints } = this.#owner
    const options = {
      issuer: endpoints.issuer,
      audience: clientId,
      requiredClaims: ['exp', 'iat', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(this.#clock.now()),
    }
    if (endpoints.algorithms.includes('HS256')) {
      const key = new TextEncoder().encode(clientSecret)
      return (await jwtVerify(token, key, { ...options, algorithms: ['HS256'] })).payload
    }
    const keys = createLocalJWKSet(await this.#keySet())
    return (await jwtVerify(token, keys, { ...options, algorithms: ASYMMETRIC })).payload
  }

  async #keySet(): Promise<JSONWebKeySet> {
    const now = this.#clock.now()
    if (this.#keys !== undefined && this.#keys.until > now) return this.#keys.set
    const { body } = await this.#channel.get(this.#owner.endpoints.keys)
    const set = body as JSONWebKeySet
    createLocalJWKSet(set)
    this.#keys = { set, until: now + KEYS_LIFETIME_MS }
    return set
  }
}
