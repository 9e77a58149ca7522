import type { LdapOutpostConfig } from '#schema/api/outpost-providers.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { BindSettings } from './bind/bind-settings.ts'
import { isWithin, type Name, readName } from './codec/dn.ts'
import { buildEntries } from './directory/build-entries.ts'
import { Directory } from './directory/directory.ts'
import type { DirectorySource } from './search/directory-source.ts'

/** A provider whose settings cannot be served. */
export class ProviderUnusableError extends MartelloError {
  override readonly code = 'MRT_LDAP_PROVIDER_UNUSABLE'
}

/** One LDAP provider with its settings, which never change: a tree below its base, and the way into it. */
export class LdapProvider {
  readonly config: LdapOutpostConfig
  readonly base: Name
  readonly bindSettings: BindSettings
  #directory: { readonly version: number; readonly directory: Directory } | undefined

  constructor(config: LdapOutpostConfig) {
    const base = readName(config.base_dn)
    if (base === undefined || base.key === '') throw new ProviderUnusableError('the base is not a distinguished name')
    this.config = config
    this.base = base
    this.bindSettings = {
      base,
      baseDn: config.base_dn,
      flowSlug: config.bind_flow_slug,
      applicationSlug: config.application_slug,
      searchGroup: config.search_group ?? undefined,
      isCached: config.bind_mode === 'cached',
      supportsCodes: config.mfa_support,
    }
  }

  /** The directory of what the source holds now; built again only when that has changed. */
  directory(source: DirectorySource): Directory {
    if (this.#directory?.version !== source.version) {
      const { base_dn: baseDn, uid_start_number: uidStart, gid_start_number: gidStart } = this.config
      // Two of them would be in memory at the same time.
      this.#directory = undefined
      const content = { users: source.users.values(), groups: source.groups.values(), members: source.members }
      this.#directory = {
        version: source.version,
        directory: new Directory(buildEntries(content, { baseDn, uidStart, gidStart })),
      }
    }
    return this.#directory.directory
  }
}

/** The provider whose base is the nearest at or above the name. */
export function providerFor(providers: readonly LdapProvider[], name: Name): LdapProvider | undefined {
  let best: LdapProvider | undefined
  for (const provider of providers)
    if (isWithin(name, provider.base) && (best === undefined || provider.base.rdns.length > best.base.rdns.length))
      best = provider
  return best
}
