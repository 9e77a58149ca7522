/** What one outpost spends on its clients. Times are absolute: they do not begin anew with every octet that comes. */
export interface LdapLimits {
  readonly maxConnections: number
  readonly maxConnectionsFromOneAddress: number
  /** Octets of one message while nobody is bound, and after. */
  readonly anonymousMessageOctets: number
  readonly boundMessageOctets: number
  /** Requests that may wait on one connection; together they may have as many octets as one message. */
  readonly maxWaiting: number
  /** For the TLS handshake, from the moment the connection is there or StartTLS is answered. */
  readonly handshakeMs: number
  /** From the first octet of a message to its last. */
  readonly messageMs: number
  /** Without a whole message, while nobody is bound and after. */
  readonly anonymousIdleMs: number
  readonly boundIdleMs: number
  /** Without anybody being bound, whatever is asked meanwhile. */
  readonly anonymousMs: number
  /** For the client to take what is written to it, a piece at a time. */
  readonly takeMs: number
  /** For the client to hang up in turn. */
  readonly closeMs: number
  readonly maxEntries: number
  readonly maxSearchMs: number
}

export const LDAP_LIMITS: LdapLimits = {
  maxConnections: 4_096,
  maxConnectionsFromOneAddress: 512,
  anonymousMessageOctets: 64 * 1024,
  boundMessageOctets: 4 * 1024 * 1024,
  maxWaiting: 64,
  handshakeMs: 10_000,
  messageMs: 60_000,
  anonymousIdleMs: 30_000,
  // Clients keep pools of connections and expect them to live for about this long.
  boundIdleMs: 15 * 60_000,
  // Only the root DSE and the schema can be read without a bind: nobody needs long for that.
  anonymousMs: 5 * 60_000,
  takeMs: 60_000,
  closeMs: 1_000,
  maxEntries: 200_000,
  maxSearchMs: 10_000,
}
