import { KubeConfig } from '@kubernetes/client-node'
import { ServiceConnectionError } from '#controllers/target/target-error.ts'
import { kubeconfigProblem } from '#schema/deployment/kubeconfig.ts'
import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'

/** A Kubernetes service connection, as the core gives it. */
export interface KubernetesConnection {
  readonly pk: string
  /** The cluster that the controller itself runs in; the kubeconfig is ignored. */
  readonly local: boolean
  /** Whatever the kubeconfig says of it. */
  readonly verifySsl: boolean
  readonly kubeconfig: unknown
}

export interface Credentials {
  readonly config: KubeConfig
  /** What every request has to carry besides; the library leaves it out. */
  readonly headers: Readonly<Record<string, string | string[]>>
}

/**
 * What it takes to reach a connection's cluster; a ServiceConnectionError names the field that cannot be used, and never a
 * value. Only known fields are handed to the library, which would run commands and read files for others; the user's name
 * is the connection's own, because the library keeps credentials by it. `inClusterRoot` is where the ServiceAccount's
 * files are looked for.
 */
export function credentialsOf(connection: KubernetesConnection, inClusterRoot = ''): Credentials {
  return connection.local ? inCluster(connection, inClusterRoot) : fromKubeconfig(connection)
}

function inCluster({ pk, verifySsl }: KubernetesConnection, root: string): Credentials {
  const found = new KubeConfig()
  found.loadFromCluster(root)
  const [cluster] = found.clusters
  const [user] = found.users
  if (!URL.canParse(cluster!.server))
    throw new ServiceConnectionError('the controller does not run in a cluster: KUBERNETES_SERVICE_HOST is not set')
  return { config: configOf(pk, { ...cluster, skipTLSVerify: !verifySsl }, { ...user }), headers: {} }
}

function fromKubeconfig({ pk, verifySsl, kubeconfig }: KubernetesConnection): Credentials {
  const problem = isJsonObject(kubeconfig) ? kubeconfigProblem(kubeconfig) : 'should be an object'
  if (problem !== undefined) throw new ServiceConnectionError(`kubeconfig: ${problem}`)
  const all = kubeconfig as JsonObject
  const context = contentOf(all, 'context', all['current-context'])
  const cluster = contentOf(all, 'cluster', context['cluster'])
  const user = contentOf(all, 'user', context['user'])
  const server = String(cluster['server']).replace(/\/$/, '')
  if (server.startsWith('http:') && verifySsl)
    throw new ServiceConnectionError('kubeconfig: the server is not https: its certificate cannot be verified')
  const where = {
    server,
    caData: cluster['certificate-authority-data'],
    tlsServerName: cluster['tls-server-name'],
    proxyUrl: cluster['proxy-url'],
    skipTLSVerify: !verifySsl,
  }
  const who = {
    token: user['token'],
    username: user['username'],
    password: user['password'],
    certData: user['client-certificate-data'],
    keyData: user['client-key-data'],
    impersonateUser: user['as'],
  }
  return { config: configOf(pk, where, who), headers: impersonationOf(user) }
}

/** The entry of a list that has this name, without its empty fields; what is checked already is there. */
function contentOf(all: JsonObject, key: 'cluster' | 'user' | 'context', name: unknown): JsonObject {
  const found = (all[`${key}s`] as readonly JsonObject[]).find((each) => each['name'] === name)
  const fields = Object.entries(found?.[key] as JsonObject)
  return Object.fromEntries(fields.filter(([, value]) => value !== null && value !== ''))
}

/** Left out, these would make the connection somebody else than its kubeconfig says. */
function impersonationOf(user: JsonObject): Readonly<Record<string, string | string[]>> {
  const extra = Object.entries((user['as-user-extra'] ?? {}) as Record<string, string | string[]>)
  return {
    ...(user['as-groups'] === undefined ? {} : { 'Impersonate-Group': user['as-groups'] as string[] }),
    ...(user['as-uid'] === undefined ? {} : { 'Impersonate-Uid': user['as-uid'] as string }),
    ...Object.fromEntries(extra.map(([name, values]) => [`Impersonate-Extra-${encodeURIComponent(name)}`, values])),
  }
}

function configOf(pk: string, cluster: object, user: object): KubeConfig {
  const name = `martello-${pk}`
  const made = new KubeConfig()
  made.loadFromOptions({
    clusters: [{ ...cluster, name }],
    users: [{ ...user, name }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  })
  return made
}
