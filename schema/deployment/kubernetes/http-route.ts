import type { KubernetesObject } from '../desired-object.ts'
import { nameOfPart } from '../names.ts'
import type { DeploymentSettings } from '../settings.ts'
import { type Basis, metadata, servedVersion } from './basis.ts'
import { routedHosts } from './hosts.ts'
import { HTTP_PORT } from './ports.ts'

const GROUP = 'gateway.networking.k8s.io'
type ParentRef = DeploymentSettings['kubernetes_httproute_parent_refs'][number]

/**
 * One route per host, because a route takes 16 hostnames and a match on the Host header, which would tell them apart, is
 * not the same for every gateway.
 */
export function httpRoutes(basis: Basis): readonly KubernetesObject[] {
  const { outpost, name } = basis
  const parentRefs = outpost.settings.kubernetes_httproute_parent_refs.map(parentRef).filter((ref) => ref !== undefined)
  if (parentRefs.length === 0) return []
  const annotations = outpost.settings.kubernetes_httproute_annotations
  return routedHosts(outpost).map(({ host, paths }) => ({
    apiVersion: servedVersion(basis, 'HTTPRoute', [`${GROUP}/v1`, `${GROUP}/v1beta1`]),
    kind: 'HTTPRoute',
    metadata: metadata(basis, { name: nameOfPart(outpost, host), annotations }),
    spec: {
      parentRefs,
      hostnames: [host],
      rules: [
        {
          matches: paths.map((value) => ({ path: { type: 'PathPrefix', value } })),
          backendRefs: [{ name, port: HTTP_PORT }],
        },
      ],
    },
  }))
}

/** A gateway that a route belongs to; undefined for what names none, or a port that is no number. */
function parentRef(ref: ParentRef): ParentRef | undefined {
  const { name, namespace, sectionName, port, kind = 'Gateway', group = GROUP } = ref
  if (!name || (port !== undefined && !/^[1-9][0-9]{0,4}$/.test(String(port)))) return undefined
  return {
    group,
    kind,
    ...(namespace ? { namespace } : {}),
    name,
    ...(sectionName ? { sectionName } : {}),
    // compat: authentik stores only texts.
    ...(port === undefined ? {} : { port: Number(port) }),
  }
}
