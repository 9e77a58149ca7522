// The whole controller between a core and a cluster: what the core is told, and what it survives.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { CONTROLLER_NAME } from '#schema/deployment/manifest/rbac-manifest.ts'
import { CONTROLLER_TOKEN, startCore, type TestCore } from '#test/support/core.ts'
import { hasKubernetes, type Kubernetes, startKubernetes } from '#test/support/engines/kubernetes.ts'
import { startEngine, until } from '#test/support/engines/process.ts'
import { run } from '#test/support/engines/tools.ts'
import { isWrite, makePodsReady } from '#test/support/kubernetes-deployment.ts'
import {
  conditionsOf,
  connectCluster,
  controllerKubeconfig,
  makeOutpost,
  recordOf,
} from '#test/support/kubernetes-fleet.ts'
import { startTestController } from '#test/support/test-controller.ts'

const CONTROLLERS = join(import.meta.dirname, '..', '..', '..', 'controllers')
const MAIN = join(CONTROLLERS, 'main.ts')
const COMMAND = join(CONTROLLERS, 'commands', 'martello.mjs')
const NAMESPACE = 'martello'
const COUNT = 6
const KINDS = 'secrets,deployments,services,ingresses,poddisruptionbudgets,horizontalpodautoscalers,networkpolicies'
const OURS = '--selector=app.kubernetes.io/managed-by=goauthentik.io'

test('a controller between a core and a cluster', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await startKubernetes({ controllers: true })
  await using core = await startCore({ controller: true })
  const kubeconfig = await controllerKubeconfig(cluster, { namespace: NAMESPACE, clusterWide: false })
  const connection = await connectCluster(core, kubeconfig)
  const running: Running = { cluster, core, connection }
  await t.test('CT-15: what keeps pods from being made, or from coming up, is told, and the token is read once', () =>
    troubles(running),
  )
  await t.test('a plan shows what is done, and is carried out only as it was shown', () => planned(running))
  await t.test('CT-22: a controller that is killed in the middle, and one after it', () => killedController(running))
  await t.test('CT-22: an API server that is killed in the middle', () => killedApiServer(running))
  await t.test('what users reach follows a provider and the type of a Service, in place', () => exposed(running))
  await t.test('CT-20: changed again and again while it is deployed, and nothing is orphaned', () => changed(running))
})

interface Running {
  readonly cluster: Kubernetes
  readonly core: TestCore
  readonly connection: string
}

const make = ({ core, connection }: Running, name: string) =>
  makeOutpost(core, { name, type: 'ldap', connection, config: { kubernetes_namespace: NAMESPACE } })

const remove = async ({ core, cluster }: Running, outposts: readonly string[]): Promise<void> => {
  for (const outpost of outposts) await core.api('DELETE', `/outposts/instances/${outpost}/`)
  for (const outpost of outposts)
    await until('its record to go', async () => (await recordOf(core, outpost)) === undefined, { withinMs: 60_000 })
  assert.equal(await namesOf(cluster), '')
}

/** `kind/name` of all that is deployed. */
const namesOf = async (cluster: Kubernetes): Promise<string> =>
  (await cluster.kubectl('get', KINDS, `--namespace=${NAMESPACE}`, OURS, '--output=name')).trim()

async function troubles(running: Running): Promise<void> {
  const { cluster, core } = running
  await using _ = startTestController(core, { kinds: ['kubernetes'] })
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'none', namespace: NAMESPACE },
    spec: { hard: { pods: '0' } },
  })
  const outpost = await make(running, 'troubled')
  const isTold = (condition: string) =>
    until(condition, async () => (await conditionsOf(core, outpost)).includes(`deployment: ${condition}`)).catch(
      async (cause) => {
        throw new Error(JSON.stringify(await recordOf(core, outpost)), { cause })
      },
    )
  await isTold('failed FailedCreate')
  const { objects } = await recordOf(core, outpost)
  assert.match(objects.find((each: any) => each.component === 'deployment').message, /exceeded quota: none/)
  await cluster.kubectl('delete', 'resourcequota', 'none', `--namespace=${NAMESPACE}`)
  // What has failed is tried again less and less often, what is new at once.
  await cluster.kubectl('delete', 'replicasets', '--all', `--namespace=${NAMESPACE}`)
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`
  await until('a pod', async () => (await cluster.call('admin', pods)).body.items.length > 0, { withinMs: 60_000 })
  const [pod] = (await cluster.call('admin', pods)).body.items
  const say = async (containerStatus: object) => {
    const { status, body } = await cluster.call('admin', `${pods}/${pod.metadata.name}/status`, {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { status: { containerStatuses: [{ name: 'ldap', image: 'x', imageID: '', ...containerStatus }] } },
    })
    assert.equal(status, 200, JSON.stringify(body))
  }
  await say({ ready: false, restartCount: 0, state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } } })
  await isTold('failed ErrImagePull')
  const lastState = { terminated: { exitCode: 3 } }
  await say({ ready: false, restartCount: 2, state: { running: {} }, lastState })
  await isTold('failed CrashLoopBackOff')
  await say({ ready: true, restartCount: 2, state: { running: {} }, lastState })
  await makePodsReady(cluster, { pk: outpost, settings: { kubernetes_namespace: NAMESPACE } })
  await isTold('ready Available')
  const { token_identifier: identifier } = (await core.api('GET', `/outposts/instances/${outpost}/`)).body
  const { results: shown } = (await core.api('GET', '/events/events/?action=secret_view&page_size=100')).body
  assert.equal(
    shown.filter(({ context }: any) => context.identifier === identifier).length,
    1,
    'its token was read once',
  )
  const key = 'another'.repeat(9)
  await core.api('POST', `/core/tokens/${identifier}/set_key/`, { key })
  await until('the other key to be deployed', async () => {
    const { body } = await cluster.call('admin', `/api/v1/namespaces/${NAMESPACE}/secrets`)
    return body.items.some(({ data }: any) => atob(data.token) === key)
  })
  await remove(running, [outpost])
}

async function planned(running: Running): Promise<void> {
  const { cluster, core } = running
  const settings = {
    MARTELLO_HOST: core.url,
    MARTELLO_TOKEN: CONTROLLER_TOKEN,
    MARTELLO_CONTROLLER__KINDS: 'kubernetes',
  }
  const command = (...args: string[]) => run(process.execPath, [COMMAND, ...args], { env: settings, withinMs: 60_000 })
  const outpost = await make(running, 'planned')
  const annotate = async (value: string) => {
    const kubernetes_json_patches = { deployment: [{ op: 'add', path: '/metadata/annotations/note', value }] }
    const config = { authentik_host: core.url, kubernetes_namespace: NAMESPACE, kubernetes_json_patches }
    assert.equal((await core.api('PATCH', `/outposts/instances/${outpost}/`, { config })).status, 200)
  }
  await annotate('one')
  const shown = await command('plan', '--json')
  const { hash, outposts } = JSON.parse(shown.text)
  assert.equal(shown.code, 1)
  assert.deepEqual(
    outposts[0].steps.map(({ action, kind }: any) => `${action} ${kind}`),
    ['create Secret', 'create Deployment', 'create Service', 'create Service', 'skip ServiceMonitor'],
  )
  assert.equal(await namesOf(cluster), '', 'a plan makes nothing')
  assert.equal((await command('apply', '--plan', '0123456789abcdef')).code, 1)
  await annotate('two')
  assert.equal((await command('apply', '--plan', hash)).code, 1)
  assert.equal(await namesOf(cluster), '', 'another plan makes nothing, if only a value is another one')
  await annotate('one')
  const applied = await command('apply', '--plan', hash)
  assert.equal(applied.code, 0, applied.text)
  assert.match(await namesOf(cluster), /deployment.apps\/ak-outpost-planned/)
  const again = await command('plan')
  assert.equal(again.code, 0, again.text)
  await core.api('DELETE', `/outposts/instances/${outpost}/`)
  const removal = JSON.parse((await command('plan', '--json')).text)
  assert.deepEqual(new Set(removal.outposts[0].steps.map(({ action }: any) => action)), new Set(['delete']))
  const removed = await command('apply', '--plan', removal.hash)
  assert.equal(await namesOf(cluster), '', removed.text)
}

const many = (running: Running) =>
  Promise.all(Array.from({ length: COUNT }, (_, index) => make(running, `many ${index}`)))

/** All that was made is known, and nothing was made twice. */
async function assertConverged({ cluster, core }: Running, outposts: readonly string[]): Promise<void> {
  const inventory: string[] = []
  for (const outpost of outposts) {
    await until(
      'all objects',
      async () =>
        /^secret: ready.*deployment: (?:progressing|failed Unschedulable).*service: ready.*metrics service: ready/s.test(
          (await conditionsOf(core, outpost)).join('\n'),
        ),
      { withinMs: 60_000 },
    )
    const { inventory: items } = await recordOf(core, outpost)
    inventory.push(...items.map(({ kind, name }: any) => `${kind.toLowerCase()}/${name}`))
  }
  const there = (await namesOf(cluster)).replaceAll('.apps/', '/').split('\n')
  assert.deepEqual(there.toSorted(), inventory.toSorted())
  assert.equal(new Set(there).size, COUNT * 4)
}

/** Half of the Services are refused until this is called: whoever is at work cannot be done. */
async function holdHalfway(cluster: Kubernetes): Promise<() => Promise<unknown>> {
  const metadata = { name: 'halfway', namespace: NAMESPACE }
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata,
    spec: { hard: { 'count/services': String(COUNT) } },
  })
  const hard = ['get', 'resourcequota', 'halfway', `--namespace=${NAMESPACE}`, '--output=jsonpath={.status.hard}']
  await until('the quota', async () => (await cluster.kubectl(...hard)) !== '')
  return () => cluster.kubectl('delete', 'resourcequota', 'halfway', `--namespace=${NAMESPACE}`)
}

async function killedController(running: Running): Promise<void> {
  const { cluster, core } = running
  const release = await holdHalfway(cluster)
  const outposts = await many(running)
  const env = {
    ...process.env,
    MARTELLO_HOST: core.url,
    MARTELLO_TOKEN: CONTROLLER_TOKEN,
    MARTELLO_CONTROLLER__KINDS: 'kubernetes',
  }
  const start = () => startEngine({ command: process.execPath, args: [MAIN], env, ready: async () => true })
  {
    await using first = await start()
    await until('something', async () => (await namesOf(cluster)) !== '')
    first.process.kill('SIGKILL')
    await once(first.process, 'exit')
  }
  const made = (await namesOf(cluster)).split('\n').length
  assert.ok(made < COUNT * 4, `it was in the middle: ${made}`)
  await release()
  await using _ = await start()
  await assertConverged(running, outposts)
  await remove(running, outposts)
}

async function killedApiServer(running: Running): Promise<void> {
  const { cluster, core } = running
  const release = await holdHalfway(cluster)
  const outposts = await many(running)
  await using _ = startTestController(core, { kinds: ['kubernetes'] })
  await until('something', async () => (await namesOf(cluster)) !== '')
  await cluster.stopApiServer()
  await until('that is told', async () =>
    (await Promise.all(outposts.map((each) => recordOf(core, each)))).some(
      (record) => record !== undefined && /does not answer/.test(record.error),
    ),
  )
  await cluster.restartApiServer()
  await release()
  await assertConverged(running, outposts)
  await remove(running, outposts)
}

async function exposed(running: Running): Promise<void> {
  const { cluster, core, connection } = running
  await using _ = startTestController(core, { kinds: ['kubernetes'] })
  const config = { authentik_host: core.url, kubernetes_namespace: NAMESPACE }
  const outpost = await makeOutpost(core, { name: 'exposed', type: 'proxy', connection, config })
  const live = async (kind: string) =>
    JSON.parse(await cluster.kubectl('get', kind, 'ak-outpost-exposed', `--namespace=${NAMESPACE}`, '--output=json'))
  const routes = async () =>
    (await live('ingress')).spec.rules.flatMap(({ host, http }: any) =>
      http.paths.map(({ path }: any) => host + path),
    ) as string[]
  await until('the Ingress', async () => (await routes()).includes('sample.localhost/'))
  const ingress = (await live('ingress')).metadata.uid
  const [{ pk }] = (await core.api('GET', '/providers/proxy/?name__iexact=sample')).body.results
  const steps = [
    [{ external_host: 'https://wiki.example.com' }, 'wiki.example.com/'],
    [{ mode: 'forward_single' }, 'wiki.example.com/outpost.goauthentik.io'],
  ] as const
  for (const [change, route] of steps) {
    assert.equal((await core.api('PATCH', `/providers/proxy/${pk}/`, change)).status, 200)
    await until(route, async () => (await routes()).includes(route))
    assert.ok(!(await routes()).some((each) => each.startsWith('sample.localhost')))
  }
  assert.ok(!(await routes()).includes('wiki.example.com/'))
  assert.equal((await live('ingress')).metadata.uid, ingress)

  const service = (await live('service')).metadata.uid
  for (const kubernetes_service_type of ['NodePort', 'LoadBalancer', 'ClusterIP']) {
    const change = { config: { ...config, kubernetes_service_type } }
    assert.equal((await core.api('PATCH', `/outposts/instances/${outpost}/`, change)).status, 200)
    await until(kubernetes_service_type, async () => (await live('service')).spec.type === kubernetes_service_type)
    assert.equal((await live('service')).metadata.uid, service)
  }
  await remove(running, [outpost])
}

async function changed(running: Running): Promise<void> {
  const { cluster, core } = running
  const account = `${NAMESPACE}:${CONTROLLER_NAME}`
  await cluster.kubectl('create', 'namespace', 'elsewhere')
  const everywhere = ['clusterrolebinding', 'everywhere', '--clusterrole=cluster-admin', `--serviceaccount=${account}`]
  await cluster.kubectl('create', ...everywhere)
  await using _ = startTestController(core, { kinds: ['kubernetes'] })
  const isOurs = isWrite(`system:serviceaccount:${account}`)
  const writes = () => cluster.auditLog().filter(isOurs)
  const from = writes().length
  const outpost = await make(running, 'underway')
  const config = (more: object) => ({ authentik_host: core.url, kubernetes_namespace: NAMESPACE, ...more })
  const elsewhere = { kubernetes_namespace: 'elsewhere' }
  const [{ providers }] = (await core.api('GET', '/outposts/instances/?name__iexact=radius')).body.results
  const steps = [
    { name: 'underway too' },
    { config: config(elsewhere) },
    { config: config({ ...elsewhere, kubernetes_disabled_components: ['service'] }) },
    { type: 'radius', providers },
    { config: config({ object_naming_template: 'other-%(name)s' }) },
  ]
  for (const step of steps) {
    // The one before is being carried out.
    const begun = writes().length
    await until('a write', async () => writes().length > begun || (await namesEverywhere()) !== '')
    assert.equal((await core.api('PATCH', `/outposts/instances/${outpost}/`, step)).status, 200)
  }
  async function namesEverywhere(): Promise<string> {
    const selector = `--selector=goauthentik.io/outpost-uuid=${outpost.replaceAll('-', '')}`
    const path = '--output=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}'
    return [
      ...new Set((await cluster.kubectl('get', KINDS, '--all-namespaces', selector, path)).trim().split(' ')),
    ].join()
  }
  // What serves goes when its successor does.
  const last = `${NAMESPACE}/other-underway-too`
  await until('the last of it alone', async () => {
    await makePodsReady(cluster, { pk: outpost, settings: { kubernetes_namespace: NAMESPACE } })
    return (await namesEverywhere()) === `${last},${last}-metrics`
  })
  const ports = ['get', 'service', 'other-underway-too', `--namespace=${NAMESPACE}`, '--output=jsonpath={.spec.ports}']
  assert.match(await cluster.kubectl(...ports), /"port":1812,"protocol":"UDP"/)
  await core.api('DELETE', `/outposts/instances/${outpost}/`)
  await until('nothing', async () => (await namesEverywhere()) === '')
  await until('no record', async () => (await recordOf(core, outpost)) === undefined)
  const conflicts = writes()
    .slice(from)
    .filter(({ code }) => code === 409)
  assert.deepEqual(conflicts, [], 'one at a time')
}
