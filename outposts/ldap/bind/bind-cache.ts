import { hash, randomBytes } from 'node:crypto'
import type { Clock } from '#schema/kernel/clock.ts'
import { equalOctets } from '#schema/kernel/equal.ts'
import type { Revocation } from '#schema/wire/messages.ts'
import type { BindSettings } from './bind-settings.ts'
import type { Bound } from './bound.ts'
import { Moments } from './moments.ts'

const MAX_AGE_MS = 15 * 60_000
const MAX_ENTRIES = 50_000
const KEY_OCTETS = 32
const SALT_OCTETS = 16

interface CachedBind {
  /** The key of this process and a salt of its own; what is hashed begins with them. */
  readonly prefix: Buffer
  readonly hash: Buffer
  readonly bound: Bound
  /** ms since the epoch. */
  readonly at: number
  readonly expires: number
}

/**
 * Remembers binds that have succeeded, each as a salted, keyed hash of its password. Failures are never remembered, so a
 * wrong password is always the core's to judge. The key lives and dies with this process.
 */
export class BindCache {
  readonly #clock: Clock
  readonly #key = randomBytes(KEY_OCTETS)
  readonly #binds = new Map<string, CachedBind>()
  /** At which moment a user's access or a session ended last. */
  readonly #ended = new Moments<number | string>(MAX_ENTRIES)
  /** At which moment the core knew something else of a user. */
  readonly #changed = new Moments<number>(MAX_ENTRIES)
  #moment = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Who this is, if the last successful bind under this name (in canonical form) had this password, is not too old, and
   * was one under these very settings: a provider whose settings have changed, even if they were changed back, asks anew.
   */
  verify(settings: BindSettings, name: string, password: Buffer): Bound | undefined {
    const known = this.#binds.get(name)
    if (known === undefined || known.bound.settings !== settings) return undefined
    if (known.expires <= this.#clock.now()) {
      this.#binds.delete(name)
      return undefined
    }
    return equalOctets(hashOf(known.prefix, password), known.hash) ? known.bound : undefined
  }

  /**
   * Not what was decided at a moment since when the user has changed. `sessionExpires` in ms since the epoch, if the
   * core's session ends before the cache forgets.
   */
  remember(
    name: string,
    password: Buffer,
    bound: Bound,
    { moment, sessionExpires }: { readonly moment: number; readonly sessionExpires: number | undefined },
  ): void {
    if (this.hasChangedSince(bound, moment)) return
    const at = this.#clock.now()
    const prefix = Buffer.concat([this.#key, randomBytes(SALT_OCTETS)])
    this.#binds.delete(name)
    if (this.#binds.size >= MAX_ENTRIES) this.#binds.delete(this.#binds.keys().next().value!)
    const expires = Math.min(at + MAX_AGE_MS, sessionExpires ?? Number.POSITIVE_INFINITY)
    this.#binds.set(name, { prefix, hash: hashOf(prefix, password), bound, at, expires })
  }

  /** A point in time for `hasEndedSince` and `hasChangedSince`. */
  get moment(): number {
    return this.#moment
  }

  /** Whether what it rests on has ended since that moment: what was found out before does not hold. */
  hasEndedSince({ userPk, session = '' }: Bound, moment: number): boolean {
    return Math.max(this.#ended.of(userPk), this.#ended.of(session)) > moment
  }

  /** Whether the core knows something else of the user since that moment. */
  hasChangedSince({ userPk }: Bound, moment: number): boolean {
    return this.#changed.of(userPk) > moment
  }

  /** Forgets everything that was bound before these users' access, or these sessions, ended. */
  revoke(revocations: readonly Revocation[]): void {
    this.#moment++
    for (const revocation of revocations) this.#ended.set(endedBy(revocation), this.#moment)
    this.#forget(restingOn(revocations))
  }

  /** Forgets these users: what let them in may be otherwise now. */
  reconsider(users: ReadonlySet<number>): void {
    this.#moment++
    for (const pk of users) this.#changed.set(pk, this.#moment)
    this.#forget(({ userPk }) => users.has(userPk))
  }

  #forget(isIt: (bound: Bound) => boolean): void {
    for (const [name, { bound }] of this.#binds) if (isIt(bound)) this.#binds.delete(name)
  }
}

/** Whether a bind rests on a user or a session whose end this is. */
export function restingOn(revocations: readonly Revocation[]): (bound: Bound) => boolean {
  const ended = new Set(revocations.map(endedBy))
  return ({ userPk, session = '' }) => ended.has(userPk) || ended.has(session)
}

/** The user's pk, or the hash of the session. */
const endedBy = ({ kind, user, session }: Revocation): number | string =>
  kind === 'session' && session !== undefined ? session : user.pk

/**
 * The prefix is always of the same length and no hash leaves this process, so that HMAC would add nothing but its price:
 * three times as much, most of what a cached bind costs. By way of a text, because that is the fastest way out.
 */
function hashOf(prefix: Buffer, password: Buffer): Buffer {
  return Buffer.from(hash('sha256', Buffer.concat([prefix, password]), 'latin1'), 'latin1')
}
