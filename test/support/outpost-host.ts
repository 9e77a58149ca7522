import { Registry } from 'prom-client'
import type { OutpostHost } from '#outposts/kind.ts'
import { CoreCertificateStore } from '#outposts/tls/core-certificate-store.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'

export interface HostOptions extends Pick<OutpostHost, 'core'>, Partial<Pick<OutpostHost, 'flows' | 'clock'>> {
  readonly coreUrl?: string
  readonly trustedProxyCidrs?: readonly string[]
  /** Where the named sockets listen; the others, and a port that is not given, on a free port of loopback. */
  readonly listen?: Partial<Record<keyof OutpostHost['config']['listen'], { host?: string; port?: number }>>
}

/** What the base gives to a protocol server, around a core that answers in this process. */
export async function outpostHost({
  core,
  flows = { login: async () => ({ kind: 'unavailable', reason: 'nobody logs in here' }) },
  clock = { now: () => Date.now() },
  coreUrl = 'http://core.example',
  trustedProxyCidrs = [],
  listen = {},
}: HostOptions): Promise<OutpostHost> {
  const at = (name: keyof typeof listen) => ({
    host: '127.0.0.1',
    port: 0,
    setting: `MARTELLO_LISTEN__${name.toUpperCase()}`,
    ...listen[name],
  })
  return {
    config: {
      host: new URL(coreUrl),
      hostBrowser: undefined,
      token: new Secret('token'),
      insecure: false,
      logLevel: 'error',
      listen: {
        http: at('http'),
        https: at('https'),
        ldap: at('ldap'),
        ldaps: at('ldaps'),
        radius: at('radius'),
        metrics: at('metrics'),
      },
      trustedProxyCidrs,
    },
    log: silentLogger,
    clock,
    random: Math.random,
    metrics: new Registry(),
    core,
    flows,
    certificates: await CoreCertificateStore.create(core, silentLogger, clock),
    mayAdmit: () => true,
    instanceId: '00000000-0000-4000-8000-000000000000',
  }
}
