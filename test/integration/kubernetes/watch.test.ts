import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterApi } from '#controllers/kubernetes/api.ts'
import { ClusterConnection } from '#controllers/kubernetes/cluster-connection.ts'
import { credentialsOf } from '#controllers/kubernetes/credentials.ts'
import { OWNER_LABEL } from '#schema/deployment/kubernetes/labels.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { until } from '#test/support/engines/process.ts'
import { Deployed, grantToController, targetOf, untilAllowed } from '#test/support/kubernetes-deployment.ts'

const NAME = 'ak-outpost-obj-patches'

test('changes of what is deployed are hinted at', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes()
  await grantToController(cluster)
  const right = { verb: 'watch', group: '', resource: 'secrets' }
  await untilAllowed(cluster, right, true)
  await using target = targetOf(cluster, 'controller')
  const hints: string[] = []
  target.watch((outpost) => void hints.push(outpost))
  const deployed = new Deployed(target, exampleOutpost())
  const { pk } = deployed.outpost
  const hinted = async (what: string, change: () => Promise<unknown>) => {
    hints.length = 0
    await change()
    await until(what, async () => hints.includes(pk))
  }

  await hinted('the first objects', () => deployed.apply())
  for (const [what, args] of [
    ['a change', ['annotate', 'service', NAME, 'example.com/x=1']],
    ['a deletion', ['delete', 'secret', NAME]],
  ] as const)
    await t.test(`${what} is a hint`, () => hinted(what, () => cluster.kubectl(...args)))

  await t.test('what is of nobody is no hint', async () => {
    hints.length = 0
    const labels = { 'goauthentik.io/outpost-uuid': '0'.repeat(32) }
    const other = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'other', namespace: 'default', labels } }
    await cluster.apply(other, { ...other, metadata: { name: 'unlabelled', namespace: 'default' } })
    await until('the hint', async () => hints.length > 0)
    assert.deepEqual(new Set(hints), new Set(['00000000-0000-0000-0000-000000000000']))
  })

  await t.test('CT-12: of Secrets no data comes over a watch', async () => {
    const kubeconfig = JSON.parse(cluster.kubeconfig())
    await using connection = new ClusterConnection(
      credentialsOf({ pk: 'watch', local: false, verifySsl: true, kubeconfig }),
    )
    const api = new ClusterApi(connection, Date)
    const signal = AbortSignal.timeout(20_000)
    const secrets = await api.discovery.find('v1', 'Secret', signal)
    const what = { namespace: 'default', labelSelector: OWNER_LABEL, from: '' }
    for await (const { type, object } of api.changes(secrets!, what, signal)) {
      assert.equal(type, 'ADDED')
      assert.ok(object.metadata.labels[OWNER_LABEL])
      assert.deepEqual(Object.keys(object).sort(), ['apiVersion', 'kind', 'metadata'])
      break
    }
  })

  await t.test('after the API server was away hints come again', async () => {
    await cluster.restartApiServer()
    await deployed.apply()
    await hinted('a change', () =>
      until('a hint of a repeated change', async () => {
        await cluster.kubectl(
          'annotate',
          'ingress',
          NAME,
          '--overwrite',
          `example.com/x=${hints.length}${Math.random()}`,
        )
        return hints.includes(pk)
      }),
    )
  })

  await t.test('who may not watch gets no hints, and deploys all the same', async () => {
    await cluster.kubectl('delete', 'rolebinding', 'controller')
    await untilAllowed(cluster, right, false)
    await cluster.kubectl('create', 'role', 'few', '--verb=get,create,patch,delete', '--resource=*.*')
    await cluster.kubectl('create', 'rolebinding', 'few', '--role=few', '--user=controller')
    await using other = targetOf(cluster, 'controller')
    other.watch(() => assert.fail('a hint'))
    const another = new Deployed(other, {
      ...exampleOutpost(),
      pk: '11111111-2222-3333-4444-0000000000ff',
      name: 'few',
    })
    await until('the rights', async () => (await another.apply())['secret'] === 'ready Applied')
    await until('a refused watch', async () =>
      cluster.auditLog().some(({ verb, user, code }) => verb === 'watch' && user === 'controller' && code === 403),
    )
  })
})
