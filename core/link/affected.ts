import type { Change } from '#core/store/change-feed.ts'

/** What one outpost hands to its protocol server, by kind of object. */
export interface OutpostDependencies {
  readonly outpost: string
  readonly type: string
  readonly providers: ReadonlySet<string>
  readonly applications: ReadonlySet<string>
  readonly certificates: ReadonlySet<string>
  readonly flows: ReadonlySet<string>
}

const PROVIDER = /^authentik_providers_\w+\.\w+provider$/

const POLICY = /^authentik_policies(?:_\w+)?\./

/**
 * Whether the outpost has to hear of the change. Users, groups and policies concern LDAP outposts alone, which hold a
 * directory and remember binds; the standing access of everybody else ends by revocation, not by this.
 */
export function isAffected(of: OutpostDependencies, { model, pk }: Change): boolean {
  switch (model) {
    case 'authentik_core.user':
    case 'authentik_core.group':
      return of.type === 'ldap'
    case 'authentik_outposts.outpost':
      return of.outpost === pk
    case 'authentik_core.application':
      return of.applications.has(pk)
    case 'authentik_crypto.certificatekeypair':
      return of.certificates.has(pk)
    case 'authentik_flows.flow':
      return of.flows.has(pk)
    case 'authentik_providers_oauth2.scopemapping':
      return of.type === 'proxy'
    default:
      return (PROVIDER.test(model) && of.providers.has(pk)) || (POLICY.test(model) && of.type === 'ldap')
  }
}
