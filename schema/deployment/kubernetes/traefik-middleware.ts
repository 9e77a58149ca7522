import { IDENTITY_HEADERS } from '#schema/api/header-names.ts'
import type { KubernetesObject } from '../desired-object.ts'
import { type Basis, metadata } from './basis.ts'
import { HTTP_PORT } from './ports.ts'

/** Of Traefik 3 and late 2, and of Traefik 2 alone: where a cluster knows both, routers may ask for either. */
const GROUPS = ['traefik.io', 'traefik.containo.us']

/** Forward authentication for routers of Traefik; nothing when no provider asks for it. */
export function traefikMiddlewares(basis: Basis): readonly KubernetesObject[] {
  const { outpost, name } = basis
  const { providers, settings } = outpost
  if (!providers.some(({ proxy }) => proxy !== undefined && proxy.mode !== 'proxy')) return []
  const service = `${name}.${settings.kubernetes_namespace}:${HTTP_PORT}`
  return GROUPS.map((group) => ({
    apiVersion: `${group}/v1alpha1`,
    kind: 'Middleware',
    metadata: metadata(basis),
    spec: {
      forwardAuth: {
        address: `http://${service}/outpost.goauthentik.io/auth/traefik`,
        trustForwardHeader: true,
        authResponseHeaders: [...IDENTITY_HEADERS],
        authResponseHeadersRegex: '',
      },
    },
  }))
}
