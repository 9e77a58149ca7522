import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes, startKubernetes } from '#test/support/engines/kubernetes.ts'
import { until } from '#test/support/engines/process.ts'
import { Deployed, targetOf } from '#test/support/kubernetes-deployment.ts'

const VERBS = ['get', 'list', 'watch', 'create', 'patch', 'delete']
/** All that a deployment takes: rights in its namespace, to its kinds. */
const RESOURCES: ReadonlyArray<[group: string, resource: string]> = [
  ['', 'secrets'],
  ['', 'services'],
  ['apps', 'deployments'],
  ['networking.k8s.io', 'ingresses'],
]
const NAME = 'ak-outpost-obj-patches'

test('CT-05: a controller with few rights', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await startKubernetes()
  const role = (withhold: (verb: string, resource: string) => boolean = () => false) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'controller', namespace: 'default' },
    rules: RESOURCES.map(([group, resource]) => ({
      apiGroups: [group],
      resources: [resource],
      verbs: VERBS.filter((verb) => !withhold(verb, resource)),
    })),
  })
  await cluster.kubectl('create', 'rolebinding', 'controller', '--role=controller', '--user=controller')
  /** Gives the rights, and waits until the API server knows. */
  const give = async (withhold?: (verb: string, resource: string) => boolean) => {
    await cluster.apply(role(withhold))
    for (const [group, resource] of RESOURCES)
      for (const verb of VERBS) {
        const name = group === '' ? resource : `${resource}.${group}`
        const expected = withhold?.(verb, resource) ? 'no' : 'yes'
        const review = { resourceAttributes: { verb, group, resource, namespace: 'default' } }
        await until(`${verb} ${name}: ${expected}`, async () => {
          const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
          const answer = await cluster.call('controller', path, { method: 'POST', body: { spec: review } })
          return answer.body.status.allowed === (expected === 'yes')
        })
      }
  }

  await t.test('without any right every object says which one is missing', async () => {
    await using target = targetOf(cluster, 'controller')
    const deployed = new Deployed(target, exampleOutpost())
    const statuses = await deployed.apply()
    assert.equal(statuses['secret'], 'failed Forbidden')
    assert.match(deployed.messageOf('secret'), /^get secrets in namespace default: .*403/)
    assert.match(deployed.messageOf('ingress'), /^get ingresses\.networking\.k8s\.io in namespace default/)
  })

  await give()
  await t.test('rights in one namespace are enough', async () => {
    await using target = targetOf(cluster, 'controller')
    const deployed = new Deployed(target, exampleOutpost())
    const statuses = await deployed.apply()
    assert.equal(statuses['secret'], 'ready Applied')
    assert.equal(statuses['deployment'], 'progressing RollingOut')
    assert.equal(statuses['traefik middleware'], 'skipped KindNotServed')
    const plan = await deployed.plan()
    assert.equal(plan['deployment'], 'nothing')
    deployed.outpost = { ...deployed.outpost, providers: [] }
    await deployed.apply()
    assert.equal(await cluster.kubectl('get', 'ingress', '--output=name'), '')
    await deployed.remove()
    assert.deepEqual(deployed.inventory, [])
    assert.equal(await cluster.kubectl('get', 'deployment,secret', NAME, '--ignore-not-found'), '')
  })

  const missing: ReadonlyArray<[verb: string, resource: string, component: string, named: RegExp]> = [
    ['get', 'secrets', 'secret', /^get secrets in namespace default/],
    ['create', 'deployments', 'deployment', /^create or patch deployments\.apps in namespace default/],
    ['patch', 'services', 'service', /^create or patch services in namespace default/],
    ['patch', 'ingresses', 'ingress', /^create or patch ingresses\.networking\.k8s\.io in namespace default/],
  ]
  for (const [verb, resource, component, named] of missing)
    await t.test(`without ${verb} ${resource} that is said of the ${component}, and the others are made`, async () => {
      await give((...each) => each.join() === [verb, resource].join())
      await using target = targetOf(cluster, 'controller')
      const deployed = new Deployed(target, { ...exampleOutpost(), name: `no ${verb} ${resource}` })
      const statuses = await deployed.apply()
      assert.equal(statuses[component], 'failed Forbidden')
      assert.match(deployed.messageOf(component), named)
      const others = ['secret', 'deployment', 'service', 'ingress'].filter((each) => each !== component)
      for (const each of others.filter((name) => name !== 'service' || resource !== 'services'))
        assert.match(statuses[each]!, /^(?:ready|progressing)/, each)
      await give()
      assert.match((await deployed.apply())[component]!, /^(?:ready|progressing)/)
      await deployed.remove()
      assert.deepEqual(deployed.inventory, [])
    })

  await t.test('without delete what is not wanted any more stays known, and says so', async () => {
    await using target = targetOf(cluster, 'controller')
    const deployed = new Deployed(target, exampleOutpost())
    await deployed.apply()
    await give((verb, resource) => verb === 'delete' && resource === 'ingresses')
    deployed.settings = { kubernetes_disabled_components: ['ingress'] }
    assert.equal((await deployed.apply())['no longer wanted'], 'failed Forbidden')
    assert.match(deployed.messageOf('no longer wanted'), /^delete ingresses\.networking\.k8s\.io/)
    assert.ok(deployed.inventory.some(({ kind }) => kind === 'Ingress'))
    await give()
    assert.equal((await deployed.apply())['no longer wanted'], undefined)
    assert.ok(!deployed.inventory.some(({ kind }) => kind === 'Ingress'))
    await deployed.remove()
  })
})
