import { z } from 'zod'
import { BoundedMap } from '#outposts/http/codec/bounded-map.ts'
import { fromChunks, isChunk, toChunks } from '#outposts/http/codec/cookie-chunks.ts'
import { readCookies, setCookie } from '#outposts/http/codec/cookies.ts'
import { identityShape, type Visitor } from '#outposts/http/codec/identity.ts'
import { Seal } from './seal.ts'

const MAX_KNOWN = 20_000

const sessionShape = z.object({
  id: z.string(),
  /** The parts of the id token: header, payload (as JSON text, which is the claims), signature. */
  token: z.tuple([z.string(), z.string(), z.string()]),
  issuedAt: z.number(),
  expires: z.number(),
})
type SealedSession = z.infer<typeof sessionShape>

export interface SessionOwner {
  readonly secret: string
  readonly owner: string
  readonly cookieName: string
  readonly isSecure: boolean
}

/**
 * Sessions of one provider. They live in the visitor's cookies, sealed; what was opened once is remembered, so that
 * most requests cost one look-up.
 */
export class Sessions {
  readonly #seal: Seal<SealedSession>
  readonly #name: string
  readonly #scope: { readonly path: '/'; readonly isSecure: boolean }
  /** By the sealed text itself: only what was opened successfully is in here. */
  readonly #known = new BoundedMap<string, Visitor & { readonly id: string }>(MAX_KNOWN)
  /** Signed out here, until they would have run out. */
  readonly #ended = new BoundedMap<string, true>(MAX_KNOWN)

  constructor({ secret, owner, cookieName, isSecure }: SessionOwner) {
    this.#seal = new Seal({ secret, purpose: 'session', owner }, sessionShape)
    this.#name = cookieName
    this.#scope = { path: '/', isSecure }
  }

  /** Who sent this `Cookie` header, if the session is whole and has not run out. */
  read(header: string | undefined, now: number): Visitor | undefined {
    const cookies = readCookies(header, this.#name)
    if (cookies.length === 0) return undefined
    const sealed = fromChunks(this.#name, cookies)
    if (sealed === undefined) return undefined
    const session = this.#known.get(sealed) ?? this.#open(sealed)
    return session === undefined || this.isOver(session, now) ? undefined : session
  }

  /** Whether a visitor's time is up, or they have signed out in this process. */
  isOver(visitor: Visitor, now: number): boolean {
    return visitor.expires <= now || ('id' in visitor && this.#ended.get(String(visitor.id)) === true)
  }

  #open(sealed: string): (Visitor & { readonly id: string }) | undefined {
    const opened = this.#seal.open(sealed)
    if (opened === undefined) return undefined
    const [head, payload, signature] = opened.token
    const identity = identityShape.safeParse(JSON.parse(payload))
    if (!identity.success) return undefined
    const token = `${head}.${Buffer.from(payload).toString('base64url')}.${signature}`
    const { id, issuedAt, expires } = opened
    const session = { id, identity: identity.data, token, issuedAt, expires }
    this.#known.set(sealed, session)
    return session
  }

  /** `Set-Cookie` values of a new session for this id token; undefined if it says more than cookies hold. */
  begin(
    token: string,
    session: Pick<SealedSession, 'id' | 'issuedAt' | 'expires'>,
    { header, now }: { header: string | undefined; now: number },
  ): readonly string[] | undefined {
    const [head = '', payload = '', signature = ''] = token.split('.')
    const text = Buffer.from(payload, 'base64url').toString()
    const chunks = toChunks(this.#name, this.#seal.seal({ ...session, token: [head, text, signature] }))
    if (chunks === undefined) return undefined
    const seconds = Math.max(1, Math.ceil((session.expires - now) / 1000))
    const names = new Set(chunks.map(([name]) => name))
    return [
      ...chunks.map(([name, value]) => setCookie(name, value, seconds, this.#scope)),
      ...this.#removals(header, names),
    ]
  }

  /** `Set-Cookie` values that remove whatever of a session the visitor sent. */
  removals(header: string | undefined): readonly string[] {
    return this.#removals(header, new Set())
  }

  /** Ends the session in this process; the others hear of it from the core. */
  end(visitor: Visitor): void {
    if ('id' in visitor) this.#ended.set(String(visitor.id), true)
  }

  #removals(header: string | undefined, kept: ReadonlySet<string>): readonly string[] {
    const names = new Set(readCookies(header, this.#name).map(([name]) => name))
    return [...names]
      .filter((name) => isChunk(this.#name, name) && !kept.has(name))
      .map((name) => setCookie(name, '', 0, this.#scope))
  }
}
