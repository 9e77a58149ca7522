import assert from 'node:assert/strict'
import { test } from 'node:test'
import { uuidHex } from '#schema/deployment/names.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { until } from '#test/support/engines/process.ts'
import { applyUntilReady, Deployed, makePodsReady, targetOf } from '#test/support/kubernetes-deployment.ts'

const MADE = 'secret,deployment,service,ingress'

test('CT-09: what is not wanted any more is removed, in time, and nothing else', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes({ controllers: true })
  await using target = targetOf(cluster)
  await cluster.kubectl('create', 'namespace', 'identity')
  const outpost = exampleOutpost()
  const deployed = new Deployed(target, outpost)
  await applyUntilReady(cluster, deployed)
  /** What is there of an outpost: `identity/secret/name`. */
  const namesOf = async (pk: string, kinds = MADE) => {
    const selector = `--selector=goauthentik.io/outpost-uuid=${uuidHex(pk)}`
    const list = JSON.parse(await cluster.kubectl('get', kinds, '--all-namespaces', selector, '--output=json'))
    const items = list.items as { kind: string; metadata: { namespace: string; name: string } }[]
    return items.map(({ kind, metadata }) => `${metadata.namespace}/${kind}/${metadata.name}`).sort()
  }
  const named = (namespace: string, name: string) => [
    `${namespace}/Deployment/${name}`,
    `${namespace}/Ingress/${name}`,
    `${namespace}/Secret/${name}`,
    `${namespace}/Service/${name}`,
    `${namespace}/Service/${name}-metrics`,
  ]
  const NAME = 'ak-outpost-obj-patches'
  assert.deepEqual(await namesOf(outpost.pk), named('default', NAME))

  await t.test('a component that is disabled goes at once, also while pods are not ready', async () => {
    deployed.settings = { kubernetes_disabled_components: ['ingress'], kubernetes_replicas: 2 }
    assert.match((await deployed.apply())['deployment']!, /RollingOut|Unschedulable/)
    assert.deepEqual(await namesOf(outpost.pk, 'ingress'), [])
    deployed.settings = { kubernetes_disabled_components: [], kubernetes_replicas: 1 }
    await applyUntilReady(cluster, deployed)
    assert.deepEqual(await namesOf(outpost.pk), named('default', NAME))
  })

  await t.test(
    'CT-04: after a move to another namespace, or a new name, the old serves until the new does',
    async () => {
      const moves: ReadonlyArray<[change: () => void, from: string[], to: string[]]> = [
        [
          () => void (deployed.settings = { kubernetes_namespace: 'identity' }),
          named('default', NAME),
          named('identity', NAME),
        ],
        [
          () => void (deployed.outpost = { ...deployed.outpost, name: 'renamed' }),
          named('identity', NAME),
          named('identity', 'ak-outpost-renamed'),
        ],
      ]
      for (const [change, from, to] of moves) {
        change()
        await deployed.apply()
        await deployed.apply()
        assert.deepEqual(await namesOf(outpost.pk), [...from, ...to].sort())
        await applyUntilReady(cluster, deployed)
        assert.deepEqual(await namesOf(outpost.pk), to)
        assert.ok(deployed.inventory.every(({ namespace }) => namespace === 'identity'))
      }
    },
  )

  await t.test('CT-07: what serves stays also when a patch keeps its successor from being made', async () => {
    const known = deployed.outpost
    deployed.outpost = { ...known, name: 'never made' }
    deployed.settings = { kubernetes_json_patches: { deployment: [{ op: 'remove', path: '/spec/nosuch' }] } }
    assert.equal((await deployed.apply())['deployment'], 'rejected PatchRejected')
    assert.deepEqual(await namesOf(outpost.pk, 'deployment'), ['identity/Deployment/ak-outpost-renamed'])
    deployed.outpost = known
    await applyUntilReady(cluster, deployed)
    assert.deepEqual(await namesOf(outpost.pk), named('identity', 'ak-outpost-renamed'))
  })

  await t.test('of an inventory only what has the label of the outpost is removed', async () => {
    const foreign = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'foreign', namespace: 'identity' } }
    await cluster.apply(foreign)
    const item = { apiVersion: 'v1', kind: 'Secret', namespace: 'identity', name: 'foreign' }
    const [first] = await target.remove(outpost.pk, [item, { ...item, name: 'never-was' }], AbortSignal.timeout(10_000))
    assert.equal(first, undefined)
    assert.match(await cluster.kubectl('get', 'secret', 'foreign', '--namespace=identity', '--output=name'), /foreign/)
    deployed.inventory = [...deployed.inventory, item]
    await deployed.apply()
    assert.match(await cluster.kubectl('get', 'secret', 'foreign', '--namespace=identity', '--output=name'), /foreign/)
    assert.ok(!deployed.inventory.some(({ name }) => name === 'foreign'))
  })

  await t.test('what somebody gave another owner is removed all the same', async () => {
    const at = ['ak-outpost-renamed', '--namespace=identity']
    const { metadata } = JSON.parse(await cluster.kubectl('get', 'deployment', ...at, '--output=json'))
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: metadata.name,
      uid: metadata.uid,
      controller: true,
    }
    const patch = JSON.stringify({ metadata: { ownerReferences: [owner] } })
    await cluster.kubectl('patch', 'ingress', ...at, '--type=merge', '--patch', patch)
    deployed.settings = { kubernetes_disabled_components: ['ingress'] }
    await deployed.apply()
    assert.deepEqual(await namesOf(outpost.pk, 'ingress'), [])
    deployed.settings = { kubernetes_disabled_components: [] }
    await deployed.apply()
  })

  await t.test('what a finalizer holds is still there, and goes when it lets go', async () => {
    const secret = ['secret', 'ak-outpost-renamed', '--namespace=identity', '--type=merge']
    const finalizers = (names: string[]) => ['--patch', JSON.stringify({ metadata: { finalizers: names } })]
    await cluster.kubectl('patch', ...secret, ...finalizers(['example.com/hold']))
    await deployed.remove()
    assert.deepEqual(
      deployed.inventory.map(({ kind }) => kind),
      ['Secret'],
    )
    // Wanted again in the meantime, it waits for the old one to be gone.
    assert.equal((await deployed.apply())['secret'], 'progressing Terminating')
    await cluster.kubectl('patch', ...secret, ...finalizers([]))
    assert.equal((await deployed.apply())['secret'], 'ready Applied')
    await deployed.remove()
    assert.deepEqual(deployed.inventory, [])
    await until('nothing is left', async () => (await namesOf(outpost.pk, `${MADE},replicaset`)).length === 0)
  })

  await t.test('in a version that the cluster does not serve any more things are found nevertheless', async () => {
    await deployed.apply()
    deployed.inventory = deployed.inventory.map((item) =>
      item.kind === 'Ingress' ? { ...item, apiVersion: 'networking.k8s.io/v1alpha9' } : item,
    )
    await deployed.remove()
    assert.deepEqual(await namesOf(outpost.pk), [])
  })

  await t.test('a namespace that is not there, or goes with everything in it', async () => {
    const lost = new Deployed(target, exampleOutpost({ kubernetes_namespace: 'nowhere' }))
    assert.equal((await lost.apply())['secret'], 'failed NamespaceNotFound')
    await cluster.kubectl('create', 'namespace', 'nowhere')
    assert.equal((await lost.apply())['secret'], 'ready Applied')
    await cluster.kubectl('delete', 'namespace', 'nowhere', '--wait=false')
    assert.match((await lost.apply())['secret']!, /NamespaceTerminating|Terminating|Applied/)
    await lost.remove()
    await until('the namespace is gone', async () => {
      await lost.remove()
      return lost.inventory.length === 0
    })
  })

  await t.test('CT-03: two outposts of one name, in one namespace: each has its own pods, or none', async () => {
    const template = { object_naming_template: '%(name)s-%(uuid)s' }
    const [one, two] = ['11111111-2222-3333-4444-00000000000b', '11111111-2222-3333-4444-00000000000c'].map(
      (pk) => new Deployed(target, { ...exampleOutpost(template), pk, name: 'same' }),
    ) as [Deployed, Deployed]
    for (const each of [one, two]) {
      await each.apply()
      await until('the pods', async () => {
        await makePodsReady(cluster, each.outpost)
        return (await each.apply())['deployment'] === 'ready Available'
      })
    }
    for (const each of [one, two]) {
      const service = each.inventory.find(({ kind }) => kind === 'Service')!
      const args = ['get', 'endpoints', service.name, '--output=json']
      const endpoints = async () => JSON.parse(await cluster.kubectl(...args)).subsets?.[0]?.addresses ?? []
      await until('endpoints', async () => (await endpoints()).length === 1)
      const [{ targetRef }] = await endpoints()
      const pod = JSON.parse(await cluster.kubectl('get', 'pod', targetRef.name, '--output=json'))
      assert.equal(pod.metadata.labels['goauthentik.io/outpost-uuid'], uuidHex(each.outpost.pk))
    }
    await one.remove()
    assert.deepEqual(await namesOf(one.outpost.pk), [])
    assert.equal((await namesOf(two.outpost.pk)).length, 5)
  })
})
