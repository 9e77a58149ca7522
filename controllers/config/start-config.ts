import { resolve } from 'node:path'
import type { LocalListen } from '#controllers/desired/local-process.ts'
import type { ConnectionKind } from '#controllers/open-targets.ts'
import { type ListenAddress, SettingsReader, type SettingsSource } from '#schema/kernel/settings.ts'
import { readConnectionKinds } from './connection-kinds.ts'

/** What `martello start` itself has to know; everything else is read by the processes that it starts. */
export interface StartConfig {
  readonly dataDir: string
  readonly core: { readonly http: ListenAddress; readonly https: ListenAddress; readonly metrics: ListenAddress }
  readonly sample: { readonly enabled: boolean; readonly listen: ListenAddress; readonly forwardUrl: string }
  readonly local: LocalListen
  /** The kinds of service connections that its controller serves. */
  readonly kinds: readonly ConnectionKind[]
}

export function readStartConfig(source: SettingsSource): StartConfig {
  const settings = new SettingsReader(source)
  const config = {
    dataDir: resolve(settings.text('data_dir', '.martello')),
    core: {
      http: settings.listen('listen.http', '127.0.0.1:9000'),
      https: settings.listen('listen.https', '127.0.0.1:9443'),
      metrics: settings.listen('listen.metrics', '127.0.0.1:9300'),
    },
    sample: {
      enabled: settings.boolean('sample', true),
      listen: settings.listen('sample_listen', '127.0.0.1:9081'),
      forwardUrl: settings.text('sample_forward_url', 'http://forward.localhost:8080'),
    },
    local: readLocalListen(settings),
    kinds: readConnectionKinds(settings),
  }
  // Unknown names are told by the core, which knows the most of them.
  settings.finish()
  return config
}

/** Where outposts on a local service connection listen. */
export function readLocalListen(settings: SettingsReader): LocalListen {
  return {
    proxy: {
      http: settings.listen('local.proxy_http', '127.0.0.1:9080'),
      https: settings.listen('local.proxy_https', '127.0.0.1:9444'),
      metrics: settings.listen('local.proxy_metrics', '127.0.0.1:9301'),
    },
    ldap: {
      ldap: settings.listen('listen.ldap', '127.0.0.1:3389'),
      ldaps: settings.listen('listen.ldaps', '127.0.0.1:6636'),
      metrics: settings.listen('local.ldap_metrics', '127.0.0.1:9302'),
    },
    radius: {
      radius: settings.listen('listen.radius', '127.0.0.1:1812'),
      metrics: settings.listen('local.radius_metrics', '127.0.0.1:9303'),
    },
  }
}
