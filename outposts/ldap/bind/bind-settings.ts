import type { Name } from '../codec/dn.ts'

/** What a provider has to do with binds. Other settings are another object, which knows nobody yet. */
export interface BindSettings {
  readonly base: Name
  readonly baseDn: string
  readonly flowSlug: string
  readonly applicationSlug: string
  readonly searchGroup: string | undefined
  readonly isCached: boolean
  readonly supportsCodes: boolean
}
