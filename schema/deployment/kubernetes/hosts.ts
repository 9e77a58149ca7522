import type { DeployableOutpost, DeployableProvider } from '../outpost.ts'

/** A host that users reach providers of the outpost at, and the paths of it that are the outpost's. */
export interface RoutedHost {
  readonly host: string
  readonly isHttps: boolean
  readonly paths: readonly string[]
}

/** What both Ingress and HTTPRoute take: labels of letters, digits and dashes; not an address, no wildcard. */
const DNS_NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const ADDRESS = /^[0-9.]+$/

/**
 * The host of a URL if rules may be made for it, without its port. URLs may have more in their hosts than names do, such as
 * backticks and quotes, which are syntax in some rules; nothing is escaped, because no such host can be real.
 */
export function routableHost({ hostname }: URL): string | undefined {
  return DNS_NAME.test(hostname) && !ADDRESS.test(hostname) ? hostname : undefined
}

/** The hosts of a proxy outpost, in the order of its providers; those that share a host are one. */
export function routedHosts({ providers }: Pick<DeployableOutpost, 'providers'>): readonly RoutedHost[] {
  const hosts = new Map<string, RoutedHost>()
  for (const { proxy } of providers) {
    const host = proxy === undefined ? undefined : routableHost(proxy.externalHost)
    if (proxy === undefined || host === undefined) continue
    const known = hosts.get(host)
    hosts.set(host, {
      host,
      isHttps: known?.isHttps === true || proxy.externalHost.protocol === 'https:',
      paths: [...new Set([...(known?.paths ?? []), outpostPath(proxy.mode)])],
    })
  }
  return [...hosts.values()]
}

/** The providers that no rule is made for. */
export function unroutableProviders({
  providers,
}: Pick<DeployableOutpost, 'providers'>): readonly DeployableProvider[] {
  return providers.filter(({ proxy }) => proxy !== undefined && routableHost(proxy.externalHost) === undefined)
}

/** In the forward modes somebody else has the rest of the host. */
const outpostPath = (mode: NonNullable<DeployableProvider['proxy']>['mode']) =>
  mode === 'proxy' ? '/' : '/outpost.goauthentik.io'
