import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { installCrds } from '#test/support/engines/kubernetes-crds.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import {
  applyUntilReady,
  auditedUntilNow,
  Deployed,
  isWrite,
  TOKEN,
  targetOf,
} from '#test/support/kubernetes-deployment.ts'

const NAME = 'ak-outpost-obj-patches'
const ROUTES = { kubernetes_httproute_parent_refs: [{ name: 'gateway' }], kubernetes_network_policy: true }

test('an outpost is deployed, and left alone while it is as wanted', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes({ controllers: true })
  await installCrds(cluster)
  await using target = targetOf(cluster)
  const deployed = new Deployed(target, exampleOutpost(ROUTES))
  const json = async (...args: string[]) => JSON.parse(await cluster.kubectl('get', '--output=json', ...args))

  await t.test('the state of the connection is the version', async () =>
    assert.deepEqual(await target.probe(AbortSignal.timeout(10_000)), {
      healthy: true,
      version: 'v1.20.2',
      reason: '',
    }),
  )

  await t.test('nothing is written by a plan', async () => {
    const plan = await deployed.plan()
    assert.equal(plan['deployment'], 'create')
    assert.equal(plan['traefik middleware'], 'create')
    await auditedUntilNow(cluster)
    assert.deepEqual(
      cluster
        .auditLog()
        .filter(isWrite('admin'))
        .filter(({ uri }) => uri.includes(NAME)),
      [],
    )
  })

  await t.test('everything is made, in its order, and the pods are waited for', async () => {
    await applyUntilReady(cluster, deployed)
    assert.deepEqual(deployed.statuses, {
      secret: 'ready Applied',
      deployment: 'ready Available',
      service: 'ready Applied',
      'metrics service': 'ready Applied',
      'prometheus servicemonitor': 'ready Applied',
      ingress: 'ready CertificateMissing',
      httproute: 'ready Applied',
      'traefik middleware': 'ready Applied',
      'network policy': 'ready Applied',
    })
    assert.equal(deployed.messageOf('ingress'), 'the Secret authentik-outpost-tls that its TLS names is not there')
    await cluster.kubectl('create', 'secret', 'generic', 'authentik-outpost-tls')
    assert.equal((await deployed.apply())['ingress'], 'ready Applied')
    deployed.settings = { kubernetes_ingress_class_name: 'edge' }
    assert.equal((await deployed.apply())['ingress'], 'ready IngressClassMissing')
    assert.equal(deployed.messageOf('ingress'), 'the IngressClass edge that it names is not there')
    const spec = { controller: 'example.com/edge' }
    await cluster.apply({ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'edge' }, spec })
    assert.equal((await deployed.apply())['ingress'], 'ready Applied')
    const { metadata } = await json('deployment', NAME)
    assert.deepEqual(
      metadata.managedFields.map(({ manager, operation }: any) => `${manager} ${operation}`),
      ['martello Apply', 'kube-controller-manager Update'],
    )
    assert.ok(deployed.inventory.every(({ uid }) => uid !== undefined))
  })

  await t.test('CT-10: a hundred passes write nothing', async () => {
    const from = await auditedUntilNow(cluster)
    for (let pass = 0; pass < 100; pass++) await deployed.apply()
    await auditedUntilNow(cluster)
    const asked = cluster
      .auditLog()
      .slice(from)
      .filter(({ userAgent }) => userAgent === 'martello')
    assert.deepEqual(asked.filter(isWrite('admin')), [])
    t.diagnostic(`${asked.length} requests, ${asked.filter(({ verb }) => verb === 'patch').length} of them dry runs`)
    assert.equal(asked.filter(({ verb }) => verb !== 'get').length, 0)
  })

  await t.test('CT-10: a controller that knows nothing yet writes nothing either', async () => {
    await using another = targetOf(cluster)
    const again = new Deployed(another, deployed.outpost)
    const from = await auditedUntilNow(cluster)
    await again.apply()
    const plan = await again.plan()
    await auditedUntilNow(cluster)
    assert.deepEqual(cluster.auditLog().slice(from).filter(isWrite('admin')), [])
    assert.deepEqual(new Set(Object.values(plan)), new Set(['nothing']))
  })

  await t.test('CT-12: no status and no plan shows a secret', async () => {
    const shown = JSON.stringify([
      deployed.objects,
      await target.plan(deployed.deployment, AbortSignal.timeout(60_000)),
    ])
    assert.ok(!shown.includes(TOKEN) && !shown.includes(btoa(TOKEN)))
  })
})
