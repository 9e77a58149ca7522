import type { Identity, Visitor } from '#outposts/http/codec/identity.ts'
import type { Revocation } from '#schema/wire/messages.ts'

const LIMIT = 100_000

/**
 * What the core has ended, as long as something issued before could still be shown. When there is no more room,
 * the oldest entries become one moment before which nothing counts any more.
 */
export class Revocations {
  readonly #users = new Map<string, number>()
  readonly #sessions = new Map<string, number>()
  readonly #limit: number
  #nothingBefore = 0

  constructor(limit = LIMIT) {
    this.#limit = limit
  }

  add(revocation: Revocation): void {
    const { kind, user, session, at } = revocation
    if (kind === 'session') {
      if (session !== undefined) this.#remember(this.#sessions, session, at)
      return
    }
    for (const name of userNames(user)) this.#remember(this.#users, name, at)
  }

  /** Whether what was issued to this visitor is void. */
  covers({ identity, issuedAt }: Visitor): boolean {
    return issuedAt <= this.nothingBefore(identity)
  }

  /** What was issued to them at or before this moment (ms since the epoch) is void; infinite for a session that has ended. */
  nothingBefore({ sid, sub, preferred_username }: Identity): number {
    if (sid !== undefined && this.#sessions.has(sid)) return Number.POSITIVE_INFINITY
    if (this.#users.size === 0) return this.#nothingBefore
    return Math.max(this.#nothingBefore, this.#users.get(sub) ?? 0, this.#users.get(preferred_username) ?? 0)
  }

  /** Forgets what can void nothing any more: everything from before this time has run out by itself. */
  forgetBefore(time: number): void {
    for (const map of [this.#users, this.#sessions]) for (const [key, at] of map) if (at < time) map.delete(key)
  }

  #remember(map: Map<string, number>, key: string, at: number): void {
    const latest = Math.max(at, map.get(key) ?? 0)
    map.delete(key)
    map.set(key, latest)
    if (map.size <= this.#limit) return
    const [oldest, oldestAt] = map.entries().next().value!
    map.delete(oldest)
    this.#nothingBefore = Math.max(this.#nothingBefore, oldestAt)
  }
}

/** What a provider may call this user, by its subject mode. */
function userNames({ pk, uid, username }: Revocation['user']): readonly string[] {
  return [uid, username, String(pk)].filter((name) => name !== '')
}
