import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { CRD_NAMES, installCrds, removeCrds } from '#test/support/engines/kubernetes-crds.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { until } from '#test/support/engines/process.ts'

const deployment = (name: string, container: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, ...container }] } },
  },
})

const configMap = (data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'default' },
  data,
})

test('a control plane applies, reconciles, serves new kinds, tells users apart and survives a crash', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes({ controllers: true })
  assert.equal(await cluster.kubectl('get', '--raw', '/readyz'), 'ok')

  await cluster.apply(configMap({ colour: 'red' }))
  await cluster.apply(configMap({ colour: 'blue' }))
  const read = () => cluster.kubectl('get', 'configmap', 'settings', '--output=jsonpath={.data.colour}')
  assert.equal(await read(), 'blue')

  await cluster.apply(deployment('web', { image: 'nothing-pulls-this' }))
  const replicaSets = ['get', 'replicasets', '--selector=app=web', '--output=name']
  await until('the ReplicaSet', async () => /^replicaset\.apps\/web-/.test(await cluster.kubectl(...replicaSets)))

  await installCrds(cluster)
  for (const name of CRD_NAMES) assert.equal(await cluster.kubectl('get', name), '')
  await removeCrds(cluster, ['middlewares.traefik.io'])
  await assert.rejects(cluster.kubectl('get', 'middlewares.traefik.io'), /the server doesn't have a resource type/)

  const asController = async (method: string, path: string, body?: object) =>
    (await cluster.call('controller', path, { method, body })).status
  const path = '/api/v1/namespaces/default/configmaps'
  const mine = { ...configMap({}), metadata: { name: 'mine' } }
  assert.equal(await asController('POST', path, mine), 403)
  await cluster.kubectl('create', 'role', 'writer', '--verb=create', '--resource=configmaps')
  await cluster.kubectl('create', 'rolebinding', 'writer', '--role=writer', '--user=controller')
  await until('the permission', async () => (await asController('POST', path, mine)) === 201)
  const writes = () => cluster.auditLog().filter(({ user, verb }) => user === 'controller' && verb === 'create')
  await until('the audit of the write', async () => writes().at(-1)?.code === 201)
  assert.partialDeepStrictEqual(writes().at(-1), { resource: 'configmaps', namespace: 'default', name: 'mine' })
  assert.equal(writes()[0]?.code, 403)
  assert.equal((await cluster.call('viewer', path)).status, 200)
  assert.equal((await cluster.call('viewer', `${path}/mine`, { method: 'DELETE' })).status, 403)

  await cluster.stopApiServer()
  await assert.rejects(read())
  await cluster.restartApiServer()
  assert.equal(await read(), 'blue')
})
