import { ConfigError } from '#schema/kernel/errors.ts'
import { PRIVATE_NETWORKS } from '#schema/kernel/networks.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { SettingsReader, type SettingsSource } from '#schema/kernel/settings.ts'
import type { OutpostConfig } from './outpost-config.ts'

/** Set by whoever starts an outpost as a child process; read in `main.ts`. */
const PROCESS_SETTINGS = ['MARTELLO_SUPERVISED']

export interface OutpostSettings {
  readonly config: OutpostConfig
  /** A sentence for each variable that nothing reads. */
  readonly warnings: readonly string[]
}

/** The configuration of an outpost (sheet outpost-protocol §1.1); a ConfigError names every problem at once. */
export function readOutpostConfig(source: SettingsSource): OutpostSettings {
  const settings = new SettingsReader(source)
  const token = settings.text('token')
  const host = settings.url('host')
  if (!settings.has('host'))
    settings.problem('MARTELLO_HOST is required: the URL of the core, such as https://auth.example.com')
  const config = {
    hostBrowser: settings.url('host_browser'),
    token: new Secret(token),
    insecure: settings.boolean('insecure', false),
    logLevel: settings.logLevel(),
    listen: {
      http: settings.listen('listen.http', '127.0.0.1:9080'),
      https: settings.listen('listen.https', '127.0.0.1:9444'),
      ldap: settings.listen('listen.ldap', '127.0.0.1:3389'),
      ldaps: settings.listen('listen.ldaps', '127.0.0.1:6636'),
      radius: settings.listen('listen.radius', '127.0.0.1:1812'),
      metrics: settings.listen('listen.metrics', '127.0.0.1:9300'),
    },
    trustedProxyCidrs: settings.networks('listen.trusted_proxy_cidrs', PRIVATE_NETWORKS),
  }
  const warnings = settings.finish(PROCESS_SETTINGS)
  if (host === undefined) throw new ConfigError(['MARTELLO_HOST is required'])
  return { config: { ...config, host }, warnings }
}
