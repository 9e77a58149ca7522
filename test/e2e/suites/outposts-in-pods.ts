// Outposts of our image in pods: made by the controller, run by a kubelet, used through their Services.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { TestContext } from 'node:test'
import { SAMPLE_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'
import { Curl } from '#test/support/curl.ts'
import type { KubernetesWithNode } from '#test/support/engines/kubernetes-node.ts'
import { freePort, until } from '#test/support/engines/process.ts'
import {
  conditionsOf,
  connectCluster,
  controllerKubeconfig,
  deployed,
  makeOutpost,
  recordOf,
} from '#test/support/kubernetes-fleet.ts'
import { ldapNames, ldapWhoAmI } from '#test/support/ldap-tools.ts'
import { startTestController } from '#test/support/test-controller.ts'

const NAMESPACE = 'martello'
const INVALID_CREDENTIALS = 49

export async function outpostsInPods(t: TestContext, node: KubernetesWithNode, image: string): Promise<void> {
  await using application = await startApplication(node.address)
  await using core = await startCore({
    controller: true,
    host: node.address,
    addresses: { internal: application.url, proxyPort: await freePort() },
  })
  const kubeconfig = await controllerKubeconfig(node.cluster, { namespace: NAMESPACE, clusterWide: false })
  const connection = await connectCluster(core, kubeconfig)
  const make = (type: 'proxy' | 'ldap') =>
    makeOutpost(core, { name: `pods ${type}`, type, connection, config: configOf(image) })
  const outposts = { ldap: await make('ldap'), proxy: await make('proxy') }
  await using _ = startTestController(core, { kinds: ['kubernetes'] })
  await suite(t, { node, core, image, connection, outposts })
}

const configOf = (image: string) => ({ container_image: image, kubernetes_namespace: NAMESPACE })

interface Running {
  readonly node: KubernetesWithNode
  readonly core: TestCore
  readonly image: string
  readonly connection: string
  readonly outposts: { readonly ldap: string; readonly proxy: string }
}

async function suite(t: TestContext, { node, core, image, connection, outposts }: Running): Promise<void> {
  const { cluster, docker } = node
  const ofOutpost = (outpost: string) => `--selector=goauthentik.io/outpost-uuid=${outpost.replaceAll('-', '')}`
  const podsOf = async (outpost: string): Promise<any[]> =>
    JSON.parse(await cluster.kubectl('get', 'pods', `--namespace=${NAMESPACE}`, ofOutpost(outpost), '--output=json'))
      .items

  await t.test('CT-15: its pods are ready within "restricted", and both are linked to the core', async () => {
    for (const outpost of Object.values(outposts)) {
      await deployed(core, outpost).catch(async (error) => {
        const logs = await cluster.kubectl('logs', `--namespace=${NAMESPACE}`, ofOutpost(outpost)).catch(String)
        throw new Error(`${await cluster.kubectl('describe', 'pods', `--namespace=${NAMESPACE}`)}\n${logs}`, {
          cause: error,
        })
      })
      const [pod, ...more] = await podsOf(outpost)
      assert.equal(more.length, 0)
      assert.equal(pod.status.phase, 'Running')
      assert.equal(pod.status.containerStatuses[0].ready, true)
      assert.equal(pod.status.containerStatuses[0].restartCount, 0)
      await until('the link', async () => {
        const { body } = await core.api('GET', `/outposts/instances/${outpost}/health/`)
        return body.length === 1
      })
    }
  })

  await t.test('people are let in through the Service of LDAP by the right password only', async () => {
    await using service = await cluster.forward(NAMESPACE, 'ak-outpost-pods-ldap', 389)
    const demo = { url: `ldap://127.0.0.1:${service.port}`, user: 'demo', password: SAMPLE_PASSWORD }
    assert.equal((await ldapWhoAmI(demo)).code, 0)
    assert.equal((await ldapWhoAmI({ ...demo, password: 'wrong' })).code, INVALID_CREDENTIALS)
    assert.deepEqual(await ldapNames(demo, '(&(objectClass=user)(cn=demo))'), ['demo'])
    assert.deepEqual(await ldapNames({ ...demo, password: 'wrong' }, '(&(objectClass=user)(cn=demo))'), [])
  })

  await t.test('people are let in through the Service of the proxy by the right password only', async () => {
    await using service = await cluster.forward(NAMESPACE, 'ak-outpost-pods-proxy', 9000)
    const { body } = await core.api('GET', '/providers/proxy/?search=sample')
    const { external_host: url } = body.results[0]
    const through = ['--connect-to', `${new URL(url).host}:127.0.0.1:${service.port}`]
    using demo = new Curl(through)
    const page = await demo.signIn(`${url}/`, 'demo', SAMPLE_PASSWORD)
    assert.equal(page.body, 'demo', page.url)
    using stranger = new Curl(through)
    assert.notEqual((await stranger.signIn(`${url}/`, 'demo', 'wrong')).body, 'demo')
    assert.notEqual((await stranger.open(`${url}/`)).body, 'demo')
  })

  await t.test('CT-19: a patch of the pod reaches the pod and its container', async () => {
    const template = '/spec/template'
    const operations = [
      { op: 'add', path: `${template}/metadata/labels/team`, value: 'edge' },
      { op: 'add', path: `${template}/spec/containers/0/resources/limits/cpu`, value: '500m' },
    ]
    const config = { ...configOf(image), authentik_host: core.url, kubernetes_json_patches: { deployment: operations } }
    await core.api('PATCH', `/outposts/instances/${outposts.ldap}/`, { config })
    await until(
      'the patched pod alone',
      async () => {
        const pods = await podsOf(outposts.ldap)
        const [pod] = pods
        return pods.length === 1 && pod.metadata.labels.team === 'edge' && pod.status.containerStatuses?.[0]?.ready
      },
      { withinMs: 120_000 },
    )
    const [pod] = await podsOf(outposts.ldap)
    assert.equal(pod.spec.containers[0].resources.limits.cpu, '500m')
    const [, container] = pod.status.containerStatuses[0].containerID.split('://')
    const limits = await docker.docker(
      'inspect',
      '--format',
      '{{.HostConfig.CpuQuota}} {{.HostConfig.Memory}}',
      container,
    )
    assert.equal(limits, `50000 ${1024 ** 3}`)
    await deployed(core, outposts.ldap)
  })

  await t.test('CT-18: who is not given the key to the core lets nobody in, and it is said', async () => {
    const config = { ...configOf(image), kubernetes_disabled_components: ['secret'] }
    const keyless = await makeOutpost(core, { name: 'pods keyless', type: 'proxy', connection, config })
    const isTold = async () =>
      (await conditionsOf(core, keyless)).includes('deployment: failed CreateContainerConfigError')
    await until('it to be told', isTold, { withinMs: 60_000 })
    const names = ['get', 'ingress,endpoints', `--namespace=${NAMESPACE}`, ofOutpost(keyless)]
    const routes = JSON.parse(await cluster.kubectl(...names, '--output=json')).items
    const [route] = routes.filter(({ kind }: any) => kind === 'Ingress')
    const behind = routes.filter(({ kind }: any) => kind === 'Endpoints')
    assert.equal(route.spec.rules[0].http.paths[0].backend.service.name, 'ak-outpost-pods-keyless')
    assert.ok(behind.length > 0)
    for (const { subsets = [] } of behind)
      assert.deepEqual(
        subsets.flatMap(({ addresses = [] }: any) => addresses),
        [],
      )
    await core.api('DELETE', `/outposts/instances/${keyless}/`)
    await until('no record', async () => (await recordOf(core, keyless)) === undefined, { withinMs: 60_000 })
  })

  await t.test('CT-09: without providers no Ingress is left, and without the outposts nothing', async () => {
    const names = (kinds: string) => cluster.kubectl('get', kinds, `--namespace=${NAMESPACE}`, '--output=name')
    assert.match(await names('ingress'), /ak-outpost-pods-proxy/)
    const { body } = await core.api('GET', `/outposts/instances/${outposts.proxy}/`)
    for (const provider of body.providers) await core.api('DELETE', `/providers/proxy/${provider}/`)
    await until('no Ingress', async () => (await names('ingress')) === '')
    for (const outpost of Object.values(outposts)) await core.api('DELETE', `/outposts/instances/${outpost}/`)
    const isGone = async () =>
      !/pods-(?:ldap|proxy)/.test(await names('all,secrets,ingresses,endpoints,poddisruptionbudgets'))
    await until('nothing', isGone, { withinMs: 120_000 })
    for (const outpost of Object.values(outposts))
      await until('no record', async () => (await recordOf(core, outpost)) === undefined)
    assert.equal(await docker.docker('ps', '--quiet', '--filter', 'label=io.kubernetes.pod.namespace=martello'), '')
  })
}

/** What is behind the proxy: it answers with the name of who it is told is there. */
async function startApplication(address: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const server: Server = createServer((request, response) =>
    response.end(String(request.headers['x-authentik-username'] ?? 'nobody')),
  ).listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://${address}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
