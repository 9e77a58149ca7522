import type { Kubernetes } from './kubernetes.ts'
import { until } from './process.ts'

/** Kinds of other projects, with just enough of a schema: any `spec`, any `status`. */
const KINDS = {
  'middlewares.traefik.io': { kind: 'Middleware', version: 'v1alpha1' },
  'middlewares.traefik.containo.us': { kind: 'Middleware', version: 'v1alpha1' },
  'servicemonitors.monitoring.coreos.com': { kind: 'ServiceMonitor', version: 'v1' },
  'httproutes.gateway.networking.k8s.io': { kind: 'HTTPRoute', version: 'v1' },
} as const

export type CrdName = keyof typeof KINDS
export const CRD_NAMES = Object.keys(KINDS) as readonly CrdName[]

type Cluster = Pick<Kubernetes, 'kubectl' | 'apply'>

/** Makes the kinds known; returns when discovery serves them all. */
export async function installCrds(cluster: Cluster, which: readonly CrdName[] = CRD_NAMES): Promise<void> {
  await cluster.apply(...which.map(definition))
  for (const name of which) await until(`${name} is served`, () => isServed(cluster, name))
}

/** Takes the kinds and all their objects away; returns when discovery serves none of them. */
export async function removeCrds(cluster: Cluster, which: readonly CrdName[] = CRD_NAMES): Promise<void> {
  await cluster.kubectl('delete', 'customresourcedefinitions', '--ignore-not-found', ...which)
  for (const name of which) await until(`${name} is gone`, async () => !(await isServed(cluster, name)))
}

const partsOf = (name: CrdName) => {
  const dot = name.indexOf('.')
  return { plural: name.slice(0, dot), group: name.slice(dot + 1), ...KINDS[name] }
}

async function isServed(cluster: Cluster, name: CrdName): Promise<boolean> {
  const { plural, group, version } = partsOf(name)
  const groups = JSON.parse(await cluster.kubectl('get', '--raw', '/apis')).groups as { name: string }[]
  if (!groups.some((served) => served.name === group)) return false
  const { resources } = JSON.parse(await cluster.kubectl('get', '--raw', `/apis/${group}/${version}`))
  return (resources as { name: string }[]).some((resource) => resource.name === plural)
}

function definition(name: CrdName): object {
  const { plural, group, kind, version } = partsOf(name)
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name,
      // Groups below k8s.io are refused without this.
      ...(group.endsWith('.k8s.io') && { annotations: { 'api-approved.kubernetes.io': 'unapproved, of a test' } }),
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } } },
          ...(kind === 'HTTPRoute' && { subresources: { status: {} } }),
        },
      ],
    },
  }
}
