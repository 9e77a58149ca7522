import { coreClient } from '#controllers/core-client.ts'
import { runCustomResources } from '#controllers/custom-resources/run-custom-resources.ts'
import { CUSTOM_RESOURCE_RULES, customResourceDefinitions } from '#schema/custom-resources/definitions.ts'
import { CUSTOM_KINDS } from '#schema/custom-resources/kinds.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { ADMIN_TOKEN, CONTROLLER_TOKEN, startCore, type TestCore } from './core.ts'
import { type Kubernetes, startKubernetes } from './engines/kubernetes.ts'
import { untilDisposed } from './test-controller.ts'

export interface CustomResourcesBench extends AsyncDisposable {
  readonly cluster: Kubernetes
  readonly core: TestCore
}

export const FLOW = 'default-provider-authorization-implicit-consent'

/** A cluster that knows our kinds and has the namespaces `apps` and `elsewhere`, and a core that reaches it as `cluster`. */
export async function startCustomResourcesBench(): Promise<CustomResourcesBench> {
  await using started = new AsyncDisposableStack()
  const cluster = started.use(await startKubernetes())
  const core = started.use(await startCore({ controller: true }))
  await cluster.apply(...customResourceDefinitions(), {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'custom-resources' },
    rules: CUSTOM_RESOURCE_RULES,
  })
  await cluster.kubectl('create', 'clusterrolebinding', 'cr', '--clusterrole=custom-resources', '--user=controller')
  for (const { plural } of CUSTOM_KINDS)
    await cluster.kubectl('wait', '--for=condition=Established', `crd/${plural}.martello.io`)
  await cluster.kubectl('create', 'namespace', 'apps')
  await cluster.kubectl('create', 'namespace', 'elsewhere')
  const kubeconfig = JSON.parse(cluster.kubeconfig('controller'))
  const made = await core.api('POST', '/outposts/service_connections/kubernetes/', { name: 'cluster', kubeconfig })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  const all = started.move()
  return { cluster, core, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

export interface FrontEndSettings {
  readonly token?: string
  readonly namespaces?: readonly string[]
  /** Where the core is reached with the token for custom resources. */
  readonly host?: URL
}

/** Custom resources of the namespace `apps`, or others, brought into the core until it is disposed. */
export function startFrontEnd(
  core: Pick<TestCore, 'url'>,
  { token = ADMIN_TOKEN, namespaces = ['apps'], host = new URL(core.url) }: FrontEndSettings = {},
): AsyncDisposable {
  const options = {
    config: { namespaces, connection: 'cluster', token: new Secret(token) },
    core: coreClient(new URL(core.url), new Secret(CONTROLLER_TOKEN)),
    host,
    clock: { now: () => Date.now() },
    random: Math.random,
    log: silentLogger,
  }
  return untilDisposed((signal) => runCustomResources(options, signal))
}

/** A custom resource of the namespace `apps`, unless its metadata name another. */
export const customResource = (kind: string, name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'martello.io/v1alpha1',
  kind,
  metadata: { name, namespace: 'apps', ...metadata },
  spec,
})

export const proxyProvider = (name: string, spec: object = {}, metadata: object = {}) =>
  customResource(
    'ProxyProvider',
    name,
    { authorizationFlow: FLOW, externalHost: `https://${name}.example.com`, mode: 'forward_single', ...spec },
    metadata,
  )
