import { IDENTITY_HEADERS, spellingsPattern } from '#schema/api/header-names.ts'
import type { KubernetesObject } from '../desired-object.ts'
import { type Basis, metadata } from './basis.ts'
import { HTTP_PORT } from './ports.ts'

/** Of Traefik 3 and late 2, and of Traefik 2 alone: where a cluster knows both, routers may ask for either. */
const GROUPS = ['traefik.io', 'traefik.containo.us']

/** Forward authentication for routers of Traefik; nothing when no provider asks for it. */
export function traefikMiddlewares(basis: Basis): readonly KubernetesObject[] {
  const { outpost, name } = basis
  const { providers, settings } = outpost
  const forwarded = providers.flatMap(({ proxy }) => (proxy === undefined || proxy.mode === 'proxy' ? [] : [proxy]))
  if (forwarded.length === 0) return []
  // One Middleware is for all of them: what one takes from clients, the others do not get either.
  const additional = [...new Set(forwarded.flatMap(({ additionalHeaders }) => additionalHeaders))]
  const service = `${name}.${settings.kubernetes_namespace}:${HTTP_PORT}`
  return GROUPS.map((group) => ({
    apiVersion: `${group}/v1alpha1`,
    kind: 'Middleware',
    metadata: metadata(basis),
    spec: {
      forwardAuth: {
        address: `http://${service}/outpost.goauthentik.io/auth/traefik`,
        trustForwardHeader: true,
        // PX-05: of what is named here nothing of a client's is left, whether the outpost answers with it or not.
        authResponseHeaders: [...IDENTITY_HEADERS, 'Authorization', ...additional],
        authResponseHeadersRegex: spellingsPattern(additional),
      },
    },
  }))
}
