// Duplicate detection (RFC 5080 §2.2.2). A retransmission must not log its user in a second time: it would count as
// another failed attempt, use up a one-time code, or push a second notification to a phone.

/** Where a datagram came from; the identifier of the packet is unique for it. */
export interface Source {
  readonly address: string
  readonly port: number
}

/** A request whose login is under way. */
export interface PendingRequest {
  readonly key: string
  readonly authenticator: string
  /** Aborts when the client has given up on the request, or its deadline is over. */
  readonly abandon: AbortController
  /** Users (pk) whose access was revoked since it began. */
  readonly revoked: Set<number>
}

interface AnsweredRequest {
  readonly authenticator: string
  readonly reply: Uint8Array
  /** Who was let in, undefined when nobody was. */
  readonly user: number | undefined
  /** Milliseconds since the epoch. */
  readonly until: number
}

export type Admission =
  | { readonly kind: 'new'; readonly request: PendingRequest }
  | { readonly kind: 'pending' }
  | { readonly kind: 'answered'; readonly reply: Uint8Array }

/** Dropping what is over walks past the place of everything that was dropped before: too much for every reply. */
const SWEEP_MS = 1000

/** The requests under way and the replies of the last seconds, by source and identifier. */
export class RecentRequests {
  readonly #keepMs: number
  readonly #capacity: number
  readonly #pending = new Map<string, PendingRequest>()
  /** Oldest first. */
  readonly #answered = new Map<string, AnsweredRequest>()
  #sweepAt = 0

  /** Keeps replies for `keepMs`, and at most `capacity` of them. The caller bounds what is under way. */
  constructor({ keepMs, capacity }: { keepMs: number; capacity: number }) {
    this.#keepMs = keepMs
    this.#capacity = capacity
  }

  get pending(): number {
    return this.#pending.size
  }

  /** What is to be done with a verified request. One with another authenticator takes the place of the old one. */
  admit(source: Source, identifier: number, octets: Uint8Array, now: number): Admission {
    const key = `${source.address} ${source.port} ${identifier}`
    const authenticator = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
    const answered = this.#answered.get(key)
    if (answered?.authenticator === authenticator && answered.until > now)
      return { kind: 'answered', reply: answered.reply }
    const pending = this.#pending.get(key)
    if (pending?.authenticator === authenticator) return { kind: 'pending' }
    pending?.abandon.abort()
    this.#answered.delete(key)
    const request = { key, authenticator, abandon: new AbortController(), revoked: new Set<number>() }
    this.#pending.set(key, request)
    return { kind: 'new', request }
  }

  /** Ends a request; `false` when another has taken its place, so that its reply is not to be sent. */
  finish(request: PendingRequest): boolean {
    return this.#pending.get(request.key) === request && this.#pending.delete(request.key)
  }

  /** Keeps the reply for retransmissions of the request; `user` is who it lets in. */
  keep({ key, authenticator }: PendingRequest, reply: Uint8Array, user: number | undefined, now: number): void {
    if (now >= this.#sweepAt || this.#answered.size >= this.#capacity) this.#sweep(now)
    this.#answered.set(key, { authenticator, reply, user, until: now + this.#keepMs })
  }

  /** Drops what is over, and the oldest if there is no room for another one. */
  #sweep(now: number): void {
    for (const [oldest, { until }] of this.#answered) {
      if (until > now && this.#answered.size < this.#capacity) break
      this.#answered.delete(oldest)
    }
    this.#sweepAt = now + SWEEP_MS
  }

  /** No reply that was made before lets this user in any more. */
  revoke(user: number): void {
    for (const [key, answered] of this.#answered) if (answered.user === user) this.#answered.delete(key)
    for (const request of this.#pending.values()) request.revoked.add(user)
  }

  /** Gives up on everything under way. */
  abandonAll(): void {
    for (const { abandon } of this.#pending.values()) abandon.abort()
  }
}
