import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { CUSTOM_RESOURCE_RULES } from '../../custom-resources/definitions.ts'
import { yamlDocuments } from './yaml-documents.ts'

export interface RbacOptions {
  /** Where the controller runs. */
  readonly namespace: string
  /** Outposts may be in any namespace; otherwise only in the controller's. */
  readonly clusterWide: boolean
  /** Custom resources are brought into the core. */
  readonly customResources?: boolean
}

export const CONTROLLER_NAME = 'martello-controller'
/** Objects are read by their names; a watch from no version on tells of what is there by itself, without a list. */
const MANAGE = ['get', 'watch', 'create', 'patch', 'delete']

/** What is made for outposts. */
const MANAGED: Readonly<Record<string, readonly string[]>> = {
  '': ['secrets', 'services'],
  apps: ['deployments'],
  'networking.k8s.io': ['ingresses', 'networkpolicies'],
  policy: ['poddisruptionbudgets'],
  autoscaling: ['horizontalpodautoscalers'],
  'monitoring.coreos.com': ['servicemonitors'],
  'gateway.networking.k8s.io': ['httproutes'],
  'traefik.io': ['middlewares'],
  'traefik.containo.us': ['middlewares'],
}
const RULES: readonly JsonObject[] = [
  ...Object.entries(MANAGED).map(([group, resources]) => rule(group, resources, MANAGE)),
  // Why a Deployment does not come up, and what is left of one that had to be made again.
  rule('', ['pods'], ['list']),
  rule('apps', ['replicasets'], ['get', 'list', 'watch', 'delete']),
]
/** Of the whole cluster; without it, nothing is said of a class that an Ingress names and that there is not. */
const CLUSTER_RULES = [rule('networking.k8s.io', ['ingressclasses'], ['get'])]
/** Only one of several controllers is at work. */
const LEASE_RULES = [rule('coordination.k8s.io', ['leases'], ['get', 'create', 'update'])]

/**
 * The account that a controller in a cluster needs, and its rights: on the kinds that are made for outposts, and no more.
 * Which kinds there are, every account may ask.
 */
export function rbacObjects({ namespace, clusterWide, customResources = false }: RbacOptions): readonly JsonObject[] {
  const account = { kind: 'ServiceAccount', name: CONTROLLER_NAME, namespace }
  const place = clusterWide ? {} : { namespace }
  const prefix = clusterWide ? 'Cluster' : ''
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: CONTROLLER_NAME, namespace } },
    role(`${prefix}Role`, { name: CONTROLLER_NAME, ...place }, [
      ...RULES,
      ...(clusterWide ? CLUSTER_RULES : []),
      ...(customResources ? CUSTOM_RESOURCE_RULES : []),
    ]),
    binding(`${prefix}Role`, { name: CONTROLLER_NAME, ...place }, account),
    role('Role', { name: `${CONTROLLER_NAME}-lease`, namespace }, LEASE_RULES),
    binding('Role', { name: `${CONTROLLER_NAME}-lease`, namespace }, account),
  ]
}

/** The same for `kubectl apply`. */
export function rbacManifest(options: RbacOptions): string {
  return yamlDocuments(rbacObjects(options))
}

const API_GROUP = 'rbac.authorization.k8s.io'

function rule(group: string, resources: readonly string[], verbs: readonly string[]): JsonObject {
  return { apiGroups: [group], resources, verbs }
}

function role(kind: string, metadata: { name: string; namespace?: string }, rules: readonly JsonObject[]): JsonObject {
  return { apiVersion: `${API_GROUP}/v1`, kind, metadata, rules }
}

function binding(kind: string, metadata: { name: string; namespace?: string }, subject: JsonObject): JsonObject {
  const roleRef = { apiGroup: API_GROUP, kind, name: metadata.name }
  return { apiVersion: `${API_GROUP}/v1`, kind: `${kind}Binding`, metadata, roleRef, subjects: [subject] }
}
