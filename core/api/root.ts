import { VERSION } from '#schema/version.ts'
import { OWN, ok, PUBLIC, type Route } from './route.ts'

/** What clients ask before they are signed in. 2023.8 outposts refuse capabilities that they do not know. */
export const rootRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: 'root/config/',
    operationId: 'root_config_retrieve',
    access: PUBLIC,
    document: { response: 'Config' },
    handle: async () =>
      ok({
        error_reporting: { enabled: false, sentry_dsn: '', environment: '', send_pii: false, traces_sample_rate: 0 },
        capabilities: [],
        cache_timeout: 300,
        cache_timeout_flows: 300,
        cache_timeout_policies: 300,
        cache_timeout_reputation: 300,
      }),
  },
  {
    method: 'GET',
    path: 'admin/version/',
    operationId: 'admin_version_retrieve',
    access: OWN,
    document: { response: 'Version' },
    handle: async () => ok({ version_current: VERSION, version_latest: VERSION, build_hash: '', outdated: false }),
  },
]
