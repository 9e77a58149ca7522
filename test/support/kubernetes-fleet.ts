import { CONTROLLER_NAME, type RbacOptions, rbacObjects } from '#schema/deployment/manifest/rbac-manifest.ts'
import type { TestCore } from './core.ts'
import type { Kubernetes } from './engines/kubernetes.ts'
import { until } from './engines/process.ts'

/** The kubeconfig of a controller that has exactly the rights that we tell people to give it, in this namespace. */
export async function controllerKubeconfig(cluster: Kubernetes, options: RbacOptions): Promise<object> {
  const { namespace } = options
  await cluster.kubectl('create', 'namespace', namespace)
  await cluster.apply(...rbacObjects(options))
  let token = ''
  await until('the token of the ServiceAccount', async () => {
    const { body } = await cluster.call('admin', `/api/v1/namespaces/${namespace}/secrets`)
    const named = `${CONTROLLER_NAME}-token-`
    token = body.items.find(({ metadata }: any) => metadata.name.startsWith(named))?.data?.token ?? ''
    return token !== ''
  })
  const kubeconfig = JSON.parse(cluster.kubeconfig('controller'))
  kubeconfig.users[0].user = { token: Buffer.from(token, 'base64').toString() }
  return kubeconfig
}

/** A service connection of the core to the cluster; its UUID. */
export async function connectCluster({ api }: TestCore, kubeconfig: object | undefined): Promise<string> {
  const local = kubeconfig === undefined
  const { status, body } = await api('POST', '/outposts/service_connections/kubernetes/', {
    name: 'cluster',
    local,
    kubeconfig: kubeconfig ?? {},
  })
  if (status !== 201) throw new Error(`the service connection was not made: ${JSON.stringify(body)}`)
  return body.pk
}

export interface OutpostWish {
  readonly name: string
  readonly type: 'proxy' | 'ldap' | 'radius'
  readonly connection: string
  readonly config: Readonly<Record<string, unknown>>
}

/** An outpost with the providers of the sample outpost of its type; its UUID. */
export async function makeOutpost(core: TestCore, { name, type, connection, config }: OutpostWish): Promise<string> {
  const sample = (await core.api('GET', `/outposts/instances/?name__iexact=${type}`)).body.results[0]
  const { status, body } = await core.api('POST', '/outposts/instances/', {
    name,
    type,
    providers: sample.providers,
    service_connection: connection,
    config: { authentik_host: core.url, ...config },
  })
  if (status !== 201) throw new Error(`the outpost was not made: ${JSON.stringify(body)}`)
  return body.pk
}

/** What the core has been told about the deployment of an outpost; undefined when there is nothing. */
export async function recordOf({ api }: TestCore, outpost: string): Promise<any> {
  const { body } = await api('GET', '/outposts/deployments/?page_size=1000')
  return body.results.find((each: any) => each.outpost === outpost)
}

/** `deployment: ready Available` of all that is deployed for an outpost, and what went wrong with the whole. */
export async function conditionsOf(core: TestCore, outpost: string): Promise<readonly string[]> {
  const record = await recordOf(core, outpost)
  if (record === undefined) return ['no record']
  const objects = record.objects.map((each: any) => `${each.component}: ${each.condition} ${each.reason}`)
  return record.error === '' ? objects : [...objects, record.error]
}

/** Resolves when everything of an outpost is at work. */
export async function deployed(core: TestCore, outpost: string, withinMs = 120_000): Promise<void> {
  let seen: readonly string[] = []
  const isDone = async () => {
    seen = await conditionsOf(core, outpost)
    return seen.length > 1 && seen.every((each) => /: (?:ready|skipped) /.test(each))
  }
  await until('everything to be deployed', isDone, { withinMs }).catch((error) => {
    throw new Error(seen.join('\n'), { cause: error })
  })
}
