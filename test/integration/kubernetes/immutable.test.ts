import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { until } from '#test/support/engines/process.ts'
import {
  applyUntilReady,
  auditedUntilNow,
  Deployed,
  makePodsReady,
  targetOf,
  writesOf,
} from '#test/support/kubernetes-deployment.ts'

const patched = (component: string, ...operations: Record<string, unknown>[]) => ({
  kubernetes_json_patches: { [component]: operations },
})

test('CT-02: what cannot be changed is replaced where nothing is lost, and a clear status elsewhere', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes({ controllers: true })
  await using target = targetOf(cluster)
  const outpost = exampleOutpost({ object_naming_template: 'fixed-%(uuid)s' })
  const deployed = new Deployed(target, outpost)
  await applyUntilReady(cluster, deployed)
  const NAME = deployed.inventory[0]!.name
  const json = async (...args: string[]) => JSON.parse(await cluster.kubectl('get', '--output=json', ...args))
  const uidOf = async (kind: string) => (await json(kind, NAME)).metadata.uid as string
  const endpoints = async () => (await json('endpoints', NAME)).subsets?.[0]?.addresses?.length ?? 0

  await t.test('CT-04: a Deployment with another selector is made anew while its pods serve on', async () => {
    await until('endpoints', async () => (await endpoints()) === 1)
    const before = { deployment: await uidOf('deployment'), service: await uidOf('service') }
    deployed.outpost = { ...deployed.outpost, name: 'renamed' }
    assert.equal((await deployed.plan())['deployment'], 'replace spec.selector')
    const seen = new Set<string>()
    await until('the new Deployment', async () => {
      const { deployment } = await deployed.apply()
      seen.add(deployment!)
      assert.ok((await endpoints()) > 0, `no endpoints while ${deployment}`)
      const sets = await json('replicasets', '--selector=goauthentik.io/outpost-name=renamed')
      if (sets.items.length > 0) await makePodsReady(cluster, deployed.outpost)
      return deployment === 'ready Available'
    })
    assert.ok(seen.has('progressing Replacing') && seen.has('progressing Terminating'), [...seen].join(', '))
    assert.notEqual(await uidOf('deployment'), before.deployment)
    assert.equal(await uidOf('service'), before.service)
    const sets = (await json('replicasets')).items as { metadata: { labels: Record<string, string> } }[]
    assert.deepEqual(
      sets.map(({ metadata }) => metadata.labels['goauthentik.io/outpost-name']),
      ['renamed'],
      'the ReplicaSet of before is gone',
    )
    assert.ok(deployed.inventory.every(({ kind }) => kind !== 'ReplicaSet'))
  })

  for (const value of ['10.96.0.77', 'None'])
    await t.test(`a Service keeps its addresses: clusterIP ${value}`, async () => {
      const before = await uidOf('service')
      deployed.settings = patched('service', { op: 'add', path: '/spec/clusterIP', value })
      const statuses = await deployed.apply()
      assert.equal(statuses['service'], 'rejected PatchRejected')
      assert.match(deployed.messageOf('service'), /spec\.clusterIPs?/)
      assert.equal(statuses['secret'], 'ready Applied')
      const from = await auditedUntilNow(cluster)
      await deployed.apply()
      await auditedUntilNow(cluster)
      assert.deepEqual(writesOf(cluster, 'admin', from), [], 'it is not tried again and again')
      assert.equal(await uidOf('service'), before)
    })

  await t.test('a Secret of another type, and one that is immutable, is made anew', async () => {
    const immutable = { op: 'add', path: '/immutable', value: true }
    deployed.settings = patched('secret', immutable)
    await applyUntilReady(cluster, deployed)
    const before = await uidOf('secret')
    deployed.settings = { authentik_host: 'https://other.example.com/' }
    assert.equal((await deployed.apply())['secret'], 'ready Applied')
    const { metadata, data } = await json('secret', NAME)
    assert.notEqual(metadata.uid, before)
    assert.equal(atob(data.authentik_host), 'https://other.example.com/')
    deployed.settings = patched('secret', { op: 'replace', path: '/type', value: 'example.com/outpost' })
    assert.equal((await deployed.apply())['secret'], 'ready Applied')
    assert.equal((await json('secret', NAME)).type, 'example.com/outpost')
  })

  await t.test('nothing is deleted whose successor would be refused', async () => {
    const before = await uidOf('secret')
    const type = { op: 'replace', path: '/type', value: 'kubernetes.io/tls' }
    deployed.settings = patched('secret', type)
    assert.match((await deployed.apply())['secret']!, /^rejected/)
    assert.equal(await uidOf('secret'), before)
  })

  await t.test('a value that no server takes is rejected with its field', async () => {
    deployed.settings = patched('deployment', { op: 'replace', path: '/spec/replicas', value: -1 })
    const statuses = await deployed.apply()
    assert.equal(statuses['deployment'], 'rejected PatchRejected')
    assert.match(deployed.messageOf('deployment'), /spec\.replicas/)
    assert.match(statuses['ingress']!, /^ready/)
  })

  await t.test('a field that this cluster does not know is named, and the rest goes on', async () => {
    deployed.settings = patched('deployment', { op: 'add', path: '/spec/template/spec/nosuch', value: 1 })
    const statuses = await deployed.apply()
    assert.match(statuses['deployment']!, /^rejected/)
    assert.match(deployed.messageOf('deployment'), /nosuch/)
    assert.equal(statuses['secret'], 'ready Applied')
  })
})
