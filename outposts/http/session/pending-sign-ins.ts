import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { BoundedMap } from '#outposts/http/codec/bounded-map.ts'
import { type CookieScope, readCookies, setCookie } from '#outposts/http/codec/cookies.ts'
import { Seal } from './seal.ts'
import type { SessionOwner } from './sessions.ts'

const LIFETIME_MS = 10 * 60_000
const MAX_PENDING = 5
const MAX_USED = 20_000

const statement = z.object({
  id: z.string(),
  /** Path and query on the external host. */
  target: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  expires: z.number(),
})
export type PendingSignIn = z.infer<typeof statement>

const randomText = (octets: number) => randomBytes(octets).toString('base64url')

/**
 * Sign-ins that wait for the core's answer. Each is a sealed `state` and a cookie of its own, so that any replica, or
 * one that was just started, completes it, and tabs do not get into each other's way.
 */
export class PendingSignIns {
  readonly #seal: Seal<PendingSignIn>
  readonly #prefix: string
  readonly #scope: CookieScope
  readonly #used = new BoundedMap<string, true>(MAX_USED)

  constructor({ secret, owner, cookieName, isSecure }: SessionOwner) {
    this.#seal = new Seal({ secret, purpose: 'sign-in', owner }, statement)
    this.#prefix = `${cookieName}_`
    this.#scope = { path: '/', isSecure }
  }

  /** A new sign-in that leads to `target`, its `state`, and the cookies to set. */
  begin(target: string, header: string | undefined, now: number) {
    const pending = {
      id: randomText(16),
      target,
      nonce: randomText(24),
      verifier: randomText(48),
      expires: now + LIFETIME_MS,
    }
    const own = setCookie(`${this.#prefix}${pending.id}`, now.toString(36), LIFETIME_MS / 1000, this.#scope)
    return { pending, state: this.#seal.seal(pending), cookies: [own, ...this.#tooMany(header)] }
  }

  /** The sign-in that a `state` and the cookies of the same browser agree on, once; and the cookies to set. */
  finish(state: string, header: string | undefined, now: number) {
    const pending = this.#seal.open(state)
    if (pending === undefined) return undefined
    const name = `${this.#prefix}${pending.id}`
    const isHere = readCookies(header, name).some(([each]) => each === name)
    if (!isHere || pending.expires <= now || this.#used.get(pending.id)) return undefined
    this.#used.set(pending.id, true)
    return { pending, cookies: [setCookie(name, '', 0, this.#scope)] }
  }

  /** Removes the oldest, so that there is room for one more. */
  #tooMany(header: string | undefined): readonly string[] {
    return readCookies(header, this.#prefix)
      .map(([name, since]) => ({ name, since: Number.parseInt(since, 36) || 0 }))
      .sort((a, b) => b.since - a.since)
      .slice(MAX_PENDING - 1)
      .map(({ name }) => setCookie(name, '', 0, this.#scope))
  }
}
