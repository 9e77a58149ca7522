import assert from 'node:assert/strict'
import { test } from 'node:test'
import { uuidHex } from '#schema/deployment/names.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import { RECORDED_CASES, recordedObjects, recordedOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes, type Kubernetes } from '#test/support/engines/kubernetes.ts'
import { installCrds } from '#test/support/engines/kubernetes-crds.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { until } from '#test/support/engines/process.ts'
import { applyUntilReady, auditedUntilNow, Deployed, targetOf, writesOf } from '#test/support/kubernetes-deployment.ts'

/** Kinds and paths of what the reference makes; its own records of built-in kinds leave them out. */
const KINDS: Readonly<Record<string, readonly [apiVersion: string, kind: string, path: string]>> = {
  secret: ['v1', 'Secret', '/api/v1/namespaces/NS/secrets'],
  deployment: ['apps/v1', 'Deployment', '/apis/apps/v1/namespaces/NS/deployments'],
  service: ['v1', 'Service', '/api/v1/namespaces/NS/services'],
  ingress: ['networking.k8s.io/v1', 'Ingress', '/apis/networking.k8s.io/v1/namespaces/NS/ingresses'],
  'prometheus servicemonitor': [
    'monitoring.coreos.com/v1',
    'ServiceMonitor',
    '/apis/monitoring.coreos.com/v1/namespaces/NS/servicemonitors',
  ],
  'traefik middleware': ['traefik.io/v1alpha1', 'Middleware', '/apis/traefik.io/v1alpha1/namespaces/NS/middlewares'],
}

/** Makes what the reference made, as it made it: by POST, as `goauthentik.io`. */
async function makeAsReference(cluster: Kubernetes, name: (typeof RECORDED_CASES)[number]): Promise<readonly string[]> {
  const paths: string[] = []
  for (const { reconciler, noop, object } of recordedObjects(name)) {
    const [apiVersion, kind, path] = KINDS[reconciler]!
    const rules = object['spec']?.rules
    if (noop || (kind === 'Ingress' && !rules?.length)) continue
    const collection = path.replace('NS', object['metadata'].namespace)
    const answer = await cluster.call('admin', `${collection}?fieldManager=goauthentik.io`, {
      method: 'POST',
      body: { apiVersion, kind, ...object },
    })
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    paths.push(`${collection}/${object['metadata'].name}`)
  }
  return paths
}

test('what the reference has made is adopted', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes({ controllers: true })
  await installCrds(cluster, ['servicemonitors.monitoring.coreos.com', 'middlewares.traefik.io'])
  await cluster.kubectl('create', 'namespace', 'identity')
  await using target = targetOf(cluster)
  const read = async (path: string) => (await cluster.call('admin', path)).body
  const without = ({ settings, ...rest }: DeployableOutpost): DeployableOutpost => ({
    ...rest,
    settings: { ...settings, kubernetes_json_patches: null },
  })

  // No cluster takes the name of that one.
  for (const name of RECORDED_CASES.filter((each) => each !== 'proxy-http-only'))
    await t.test(`${name}: the same objects go on, and every field of the reference is ours`, async () => {
      const paths = await makeAsReference(cluster, name)
      const before = await Promise.all(paths.map(read))
      const deployed = new Deployed(target, without(recordedOutpost(name)))
      const statuses = await deployed.apply()
      assert.ok(
        Object.values(statuses).every((status) => !/^(?:failed|rejected)/.test(status) || /Unsched/.test(status)),
      )
      for (const [index, path] of paths.entries()) {
        const { metadata } = await read(path)
        assert.equal(metadata.uid, before[index].metadata.uid, path)
        const managers = metadata.managedFields.map(({ manager }: { manager: string }) => manager)
        assert.ok(!managers.includes('goauthentik.io') && managers.includes('martello'), `${path}: ${managers}`)
      }
      await deployed.apply()
      const from = await auditedUntilNow(cluster)
      await deployed.apply()
      await auditedUntilNow(cluster)
      assert.deepEqual(writesOf(cluster, 'admin', from), [], 'CT-10')
    })

  await t.test('what the reference set and nobody wants any more goes, what somebody else set stays', async () => {
    const outpost = without(recordedOutpost('radius-default'))
    const path = `/api/v1/namespaces/default/services/ak-outpost-obj-radius-default`
    await cluster.call('admin', `${path}?fieldManager=goauthentik.io`, {
      method: 'PATCH',
      contentType: 'application/strategic-merge-patch+json',
      body: {
        metadata: { annotations: { 'example.com/reference': 'x' } },
        spec: { ports: [{ name: 'http-metrics', port: 9300, protocol: 'TCP' }] },
      },
    })
    await cluster.kubectl('annotate', 'service', 'ak-outpost-obj-radius-default', 'example.com/user=y')
    const deployed = new Deployed(target, outpost)
    await deployed.apply()
    const { metadata, spec } = await read(path)
    assert.deepEqual(metadata.annotations, { 'example.com/user': 'y' })
    assert.deepEqual(
      spec.ports.map(({ name }: { name: string }) => name),
      ['radius'],
    )
  })

  await t.test(
    'CT-07: what the reference has set does not stand in the way of a patch that takes its place',
    async () => {
      const before = new Deployed(target, without(recordedOutpost('ldap-default')))
      before.inventory = await target.items(before.deployment, AbortSignal.timeout(60_000))
      await before.remove()
      await until(
        'it is gone',
        async () => (await cluster.kubectl('get', 'all', '-oname')).match(/ldap-default/) === null,
      )
      await makeAsReference(cluster, 'ldap-default')
      const deployed = new Deployed(target, before.outpost)
      const more = { op: 'replace', path: '/spec/ports/0/port', value: 1389 }
      deployed.settings = { kubernetes_json_patches: { service: [more] } }
      assert.equal((await deployed.plan())['service'], 'apply /metadata/managedFields')
      assert.equal((await deployed.apply())['service'], 'ready Applied')
      const { spec } = await read('/api/v1/namespaces/default/services/ak-outpost-obj-ldap-default')
      assert.deepEqual(
        spec.ports.map(({ name, port }: { name: string; port: number }) => `${name} ${port}`),
        ['ldaps 636', 'ldap 1389'],
      )
    },
  )

  await t.test('CT-03: objects of others with our name are left as they are', async () => {
    const outpost = { ...without(recordedOutpost('ldap-default')), name: 'taken' }
    const secret = { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'ak-outpost-taken', namespace: 'default' } }
    const labelled = (uuid: string) => ({ ...secret.metadata, labels: { 'goauthentik.io/outpost-uuid': uuid } })
    const other = uuidHex(recordedOutpost('proxy-rich').pk)
    await cluster.apply(secret, { ...secret, kind: 'ServiceAccount', metadata: labelled(other) })
    const service = { type: 'ExternalName', externalName: 'example.com' }
    await cluster.apply({ ...secret, kind: 'Service', metadata: labelled(other), spec: service })
    const deployed = new Deployed(target, outpost)
    const statuses = await deployed.apply()
    assert.equal(statuses['secret'], 'rejected NotOurs')
    assert.equal(statuses['service'], 'rejected NotOurs')
    assert.match(statuses['deployment']!, /RollingOut|Unschedulable/)
    assert.equal((await deployed.plan())['secret']?.startsWith('skip NotOurs'), true)
    await deployed.remove()
    assert.deepEqual(deployed.inventory, [])
    const left = await cluster.kubectl('get', 'secret,service', 'ak-outpost-taken', '--output=name')
    assert.deepEqual(left.trim().split('\n'), ['secret/ak-outpost-taken', 'service/ak-outpost-taken'])
  })

  await t.test('an adopted outpost gets ready, under the image of now', async () => {
    const deployed = new Deployed(target, without(recordedOutpost('proxy-default')))
    await applyUntilReady(cluster, deployed)
    const image = '--output=jsonpath={.items[*].spec.containers[*].image}'
    const pods = `--selector=goauthentik.io/outpost-uuid=${uuidHex(deployed.outpost.pk)}`
    const running = await cluster.kubectl('get', 'pods', pods, image, '--field-selector=status.phase=Running')
    assert.match(running, /registry\.example\.com\/proxy:2023\.8\.3/)
  })
})
