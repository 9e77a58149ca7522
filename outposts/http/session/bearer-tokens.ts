import { createHash } from 'node:crypto'
import { z } from 'zod'
import { BoundedMap } from '#outposts/http/codec/bounded-map.ts'
import { identityShape, type Visitor } from '#outposts/http/codec/identity.ts'
import type { ProviderSettings } from '#outposts/http/provider-settings.ts'
import type { BackChannel } from '#outposts/http/sign-in/back-channel.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'

const KEPT_MS = 60_000
const MAX_KEPT = 10_000
/** How often the core is asked about a token while it ends access. */
const MAX_ASKED = 3

/** RFC 7662 §2.2. */
const introspection = z.object({
  active: z.literal(true),
  token_type: z.string().optional(),
  client_id: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number().optional(),
  iat: z.number().optional(),
})

/**
 * Whether a token is an access token. compat: the core of authentik does not tell; its access tokens are signed, its
 * refresh tokens are random, and its id tokens are not active.
 */
function isAccessToken(token: string, type: string | undefined): boolean {
  return type === undefined ? /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) : type.toLowerCase() === 'bearer'
}

/** Access tokens that applications' clients send in place of a session, as the core introspects them for this provider. */
export class BearerTokens {
  readonly #settings: ProviderSettings
  readonly #channel: Pick<BackChannel, 'post'>
  readonly #clock: Clock
  /** By hash of the token, and only what was active. */
  readonly #known = new BoundedMap<string, { readonly visitor: Visitor; readonly until: number }>(MAX_KEPT)
  #cleared = 0

  constructor(settings: ProviderSettings, channel: Pick<BackChannel, 'post'>, clock: Clock) {
    this.#settings = settings
    this.#channel = channel
    this.#clock = clock
  }

  /** Who holds the token, if it is an active access token that was issued to this provider, for a user. */
  async find(token: string): Promise<Visitor | undefined> {
    const key = createHash('sha256').update(token).digest('base64url')
    for (let time = 0; time < MAX_ASKED; time++) {
      const now = this.#clock.now()
      const known = this.#known.get(key)
      if (known !== undefined && known.until > now) return known.visitor
      const cleared = this.#cleared
      const visitor = await this.#ask(token, now)
      // What was active before something ended may not be so now: the core is asked again.
      if (visitor !== undefined && cleared !== this.#cleared) continue
      if (visitor !== undefined) this.#known.set(key, { visitor, until: Math.min(now + KEPT_MS, visitor.expires) })
      return visitor
    }
    throw new CoreUnreachableError('the core ends access again and again')
  }

  async #ask(token: string, now: number): Promise<Visitor | undefined> {
    const { clientId, clientSecret, endpoints } = this.#settings
    const { status, body } = await this.#channel.post(endpoints.introspection, {
      token,
      client_id: clientId,
      client_secret: clientSecret,
    })
    const answer = introspection.safeParse(body)
    const identity = identityShape.safeParse(body)
    if (status !== 200 || !answer.success || !identity.success) return undefined
    const { token_type, client_id = clientId, aud, exp, iat } = answer.data
    const isOurs = client_id === clientId && [aud].flat().includes(clientId)
    if (!isOurs || !isAccessToken(token, token_type)) return undefined
    const expires = exp === undefined ? now + KEPT_MS : exp * 1000
    return { identity: identity.data, token, issuedAt: (iat ?? now / 1000) * 1000, expires }
  }

  /** Forgets everything, because somebody's access has ended. */
  clear(): void {
    this.#cleared++
    this.#known.clear()
  }
}
