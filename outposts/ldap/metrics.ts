import { Counter, Histogram, type Registry } from 'prom-client'

export type LdapOperation = 'bind' | 'search' | 'unbind' | 'compare' | 'extended'

/** What the LDAP outpost counts (sheet outpost-protocol §6.2). Labels come from closed sets. */
export class LdapMetrics {
  readonly #duration: Histogram<'type' | 'app'>
  readonly #rejected: Counter<'type' | 'reason' | 'app'>

  constructor(registry: Registry) {
    this.#duration = new Histogram({
      name: 'authentik_outpost_ldap_request_duration_seconds',
      help: 'Duration of LDAP requests',
      labelNames: ['type', 'app'],
      registers: [registry],
    })
    this.#rejected = new Counter({
      name: 'authentik_outpost_ldap_requests_rejected_total',
      help: 'LDAP requests that were refused',
      labelNames: ['type', 'reason', 'app'],
      registers: [registry],
    })
  }

  took(type: LdapOperation, app: string, ms: number): void {
    this.#duration.observe({ type, app }, ms / 1000)
  }

  rejected(type: LdapOperation, reason: string, app: string): void {
    this.#rejected.inc({ type, reason, app })
  }
}
