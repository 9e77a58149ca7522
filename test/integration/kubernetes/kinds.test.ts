import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InventoryItem } from '#schema/deployment/status.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { installCrds, removeCrds } from '#test/support/engines/kubernetes-crds.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { Deployed, handClock, targetOf } from '#test/support/kubernetes-deployment.ts'

const NAME = 'ak-outpost-obj-patches'
const EVERYTHING = {
  kubernetes_httproute_parent_refs: [{ name: 'gateway' }],
  kubernetes_network_policy: true,
  kubernetes_replicas: 2,
  kubernetes_replicas_max: 4,
}
/** Longer than what is served is remembered. */
const LATER_MS = 60_000

test('CT-06: kinds that come and go', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes({ controllers: true })
  const clock = handClock()
  await using target = targetOf(cluster, 'admin', clock)
  const deployed = new Deployed(target, exampleOutpost(EVERYTHING))
  const json = async (...args: string[]) => JSON.parse(await cluster.kubectl('get', '--output=json', ...args))
  const optional = ['prometheus servicemonitor', 'httproute', 'traefik middleware']

  await t.test('CT-06: what the cluster does not know is left out, versions are those that it knows', async () => {
    const named = (items: readonly InventoryItem[]) =>
      items.map(({ apiVersion, kind, name }) => `${apiVersion} ${kind} ${name}`).toSorted()
    const intended = named(await target.items(deployed.deployment, AbortSignal.timeout(60_000)))
    const statuses = await deployed.apply()
    assert.deepEqual(intended, named(deployed.inventory), 'nothing else was noted before either')
    for (const component of optional) assert.equal(statuses[component], 'skipped KindNotServed')
    const versions = Object.fromEntries(deployed.inventory.map(({ kind, apiVersion }) => [kind, apiVersion]))
    assert.equal(versions['PodDisruptionBudget'], 'policy/v1beta1')
    assert.equal(versions['HorizontalPodAutoscaler'], 'autoscaling/v1')
    assert.ok(!('Middleware' in versions))
  })

  await t.test('CT-06: when kinds appear they are made without a restart, one by one', async () => {
    await installCrds(cluster, ['middlewares.traefik.containo.us'])
    clock.advance(LATER_MS)
    await deployed.apply()
    await json('middlewares.traefik.containo.us', NAME)
    await installCrds(cluster)
    clock.advance(LATER_MS)
    const statuses = await deployed.apply()
    for (const component of optional) assert.equal(statuses[component], 'ready Applied')
    await json('middlewares.traefik.io', NAME)
  })

  await t.test('a route that no gateway lets in is no success', async () => {
    const { items } = await json('httproutes')
    const { name } = items[0].metadata
    const conditions = [{ type: 'Accepted', status: 'False', reason: 'NoMatchingParent', message: 'no such listener' }]
    const path = `/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/${name}/status`
    const answer = await cluster.call('admin', path, {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { status: { parents: [{ conditions }] } },
    })
    assert.equal(answer.status, 200)
    await deployed.apply()
    const status = deployed.objects.find((each) => each.name === name)!
    assert.deepEqual(
      [status.condition, status.reason, status.message],
      ['failed', 'NoMatchingParent', 'no such listener'],
    )
  })

  await t.test('CT-06: with a kind goes what was of it', async () => {
    await removeCrds(cluster, ['middlewares.traefik.containo.us', 'servicemonitors.monitoring.coreos.com'])
    const before = await deployed.apply()
    assert.ok(Object.keys(before).length > 0)
    clock.advance(LATER_MS)
    assert.equal((await deployed.apply())['prometheus servicemonitor'], 'skipped KindNotServed')
    assert.ok(!deployed.inventory.some(({ kind }) => kind === 'ServiceMonitor'))
    await installCrds(cluster)
    clock.advance(LATER_MS)
    assert.equal((await deployed.apply())['prometheus servicemonitor'], 'ready Applied')
  })
})
