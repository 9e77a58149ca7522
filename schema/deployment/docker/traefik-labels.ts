import type { DeployableOutpost, DeployableProvider } from '../outpost.ts'

const PATH = '/outpost.goauthentik.io'
/** What may stand between the backticks of a rule; a host with anything else is left out. */
const HOST = /^[a-z0-9.-]+$/

/**
 * Labels by which Traefik routes to a proxy outpost: everything of a host in mode `proxy`, the outpost's own path of the
 * others. None without a provider; the user's labels win over these.
 */
export function traefikLabels({ type, providers }: DeployableOutpost, name: string): Readonly<Record<string, string>> {
  const rules = [...new Set(providers.flatMap((provider) => ruleOf(provider)))]
  if (type !== 'proxy' || rules.length === 0) return {}
  const router = `traefik.http.routers.${name}-router`
  const service = `traefik.http.services.${name}-service.loadbalancer`
  return {
    'traefik.enable': 'true',
    [`${router}.rule`]: rules.join(' || '),
    [`${router}.tls`]: 'true',
    [`${router}.service`]: `${name}-service`,
    [`${service}.healthcheck.path`]: `${PATH}/ping`,
    [`${service}.healthcheck.port`]: '9300',
    [`${service}.server.port`]: '9000',
  }
}

function ruleOf({ proxy }: DeployableProvider): string[] {
  if (proxy === undefined || !HOST.test(proxy.externalHost.hostname)) return []
  const host = `Host(\`${proxy.externalHost.hostname}\`)`
  return [proxy.mode === 'proxy' ? host : `(${host} && PathPrefix(\`${PATH}\`))`]
}
