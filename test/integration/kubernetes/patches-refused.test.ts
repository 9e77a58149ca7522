import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMPONENTS } from '#schema/deployment/desired-object.ts'
import { objectStatus } from '#schema/deployment/status.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { installCrds } from '#test/support/engines/kubernetes-crds.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { until } from '#test/support/engines/process.ts'
import {
  auditedUntilNow,
  Deployed,
  isWrite,
  targetOf,
  webhookWithoutDryRuns,
} from '#test/support/kubernetes-deployment.ts'

const NAME = 'ak-outpost-obj-patches'
const EVERYTHING = {
  kubernetes_httproute_parent_refs: [{ name: 'gateway' }],
  kubernetes_network_policy: true,
  kubernetes_replicas: 2,
  kubernetes_replicas_max: 4,
}
const MIDDLEWARES = ['middlewares.traefik.io', 'middlewares.traefik.containo.us'] as const

type Operation = Record<string, unknown>
const note = (name: string): Operation => ({
  op: 'add',
  path: `/metadata/annotations/example.com~1${name}`,
  value: 'x',
})
const container = (field: string, value: unknown): Operation => ({
  op: 'add',
  path: `/spec/template/spec/containers/0/${field}`,
  value,
})
const replicas = (value: number): Operation => ({ op: 'add', path: '/spec/replicas', value })
const port = (name: string): Operation => ({
  op: 'add',
  path: '/spec/ports/-',
  value: { name, port: 81, protocol: 'TCP' },
})
const BAD_QUANTITY = container('resources', { limits: { cpu: 'lots' } })
const BAD_PULL = container('imagePullPolicy', 'Whenever')
/** Of a definition: its objects cannot have more than 10 as `maxBodySize`. */
const SMALL_BODIES: Operation = {
  op: 'add',
  path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties',
  value: {
    forwardAuth: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { maxBodySize: { type: 'integer', maximum: 10 } },
    },
  },
}

test('CT-07: patches that only the API server can refuse', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes()
  await installCrds(cluster)
  await using target = targetOf(cluster)
  const deployed = new Deployed(target, exampleOutpost(EVERYTHING))
  const json = async (...args: string[]) => JSON.parse(await cluster.kubectl('get', '--output=json', ...args))
  const versionOf = async (kind: string) => (await json(kind, NAME)).metadata.resourceVersion as string
  /** Resources that were written since, dry runs left out. */
  const writtenSince = async (from: number) => {
    await auditedUntilNow(cluster)
    const written = cluster.auditLog().slice(from).filter(isWrite('admin'))
    return new Set(written.map(({ resource }) => resource))
  }
  /** A pass with these patches and something new for the Secret. */
  const passWith = async (kubernetes_json_patches: Record<string, Operation[]>) => {
    deployed.settings = { kubernetes_json_patches, authentik_host: `https://${crypto.randomUUID()}.example.com/` }
    return deployed.apply()
  }
  await deployed.apply()

  const refused: ReadonlyArray<
    [what: string, component: string, index: number, says: RegExp, operations: readonly Operation[]]
  > = [
    ['a quantity that is none', 'deployment', 2, /quantit/, [note('a'), note('b'), BAD_QUANTITY, note('c')]],
    ['a value that is none of some', 'deployment', 2, /Whenever/, [note('a'), note('b'), BAD_PULL, note('c')]],
    ['a field that there is not', 'deployment', 1, /nosuch/, [note('a'), container('nosuch', 1)]],
    ['a name that is none', 'service', 1, /spec\.ports\[2\]\.name/, [note('a'), port('No Name')]],
    [
      'a field that cannot be changed',
      'service',
      0,
      /spec\.clusterIPs?/,
      [{ op: 'add', path: '/spec/clusterIP', value: '10.96.0.77' }, note('a')],
    ],
    [
      'the last of what is put right again and not',
      'deployment',
      3,
      /imagePullPolicy/,
      [replicas(-1), note('a'), replicas(2), BAD_PULL],
    ],
    [
      'what nobody puts right, between what is',
      'deployment',
      1,
      /imagePullPolicy/,
      [replicas(-1), BAD_PULL, replicas(2)],
    ],
    ['what is wrong the second time', 'deployment', 2, /replicas/, [replicas(-1), replicas(2), replicas(-2)]],
    [
      'what is refused before another is looked at',
      'deployment',
      0,
      /imagePullPolicy/,
      [BAD_PULL, container('nosuch', 1), { op: 'remove', path: '/spec/template/spec/containers/0/nosuch' }],
    ],
  ]
  for (const [what, component, index, says, operations] of refused)
    await t.test(`CT-07: ${what} is operation ${index} of ${component}, which stays; the others go on`, async () => {
      const before = await versionOf(component)
      const from = await auditedUntilNow(cluster)
      const statuses = await passWith({ [component]: [...operations], ingress: [note(component)] })
      assert.equal(statuses[component], 'rejected PatchRejected')
      const message = deployed.messageOf(component)
      assert.match(message, new RegExp(`^operation ${index} of its JSON patch: `))
      assert.match(message, says)
      assert.equal(await versionOf(component), before)
      assert.equal(atob((await json('secret', NAME)).data.authentik_host), deployed.outpost.settings.authentik_host)
      assert.equal((await json('ingress', NAME)).metadata.annotations[`example.com/${component}`], 'x')
      assert.ok(deployed.inventory.some(({ kind, uid }) => kind.toLowerCase() === component && uid !== undefined))

      assert.equal((await deployed.plan())[component], `skip ${message}`)
      assert.equal((await deployed.apply())[component], 'rejected PatchRejected')
      assert.equal(deployed.messageOf(component), message, 'the second time')
      const written = await writtenSince(from)
      assert.ok(written.has('secrets') && !written.has(`${component}s`), [...written].join(', '))
    })

  await t.test('what a later operation puts right is applied', async () => {
    const statuses = await passWith({ deployment: [replicas(-1), replicas(3)] })
    assert.match(statuses['deployment']!, /^progressing/)
    assert.equal((await json('deployment', NAME)).spec.replicas, 3)
  })

  await t.test('what the server says at length is cut to what a status holds', async () => {
    await passWith({ deployment: [container('imagePullPolicy', 'W'.repeat(3000))] })
    assert.match(deployed.messageOf('deployment'), /^operation 0 of its JSON patch: .*WWW/)
    assert.ok(objectStatus.array().safeParse(deployed.objects).success)
  })

  await t.test('CT-12: of what a Secret would hold nothing is told', async () => {
    const before = await versionOf('secret')
    const hidden = 'hunter2-of-a-patch'
    const operations = [note('a'), { op: 'add', path: '/data/extra', value: hidden }]
    const statuses = await passWith({ secret: operations })
    assert.equal(statuses['secret'], 'rejected PatchRejected')
    assert.match(deployed.messageOf('secret'), /^operation 1 of its JSON patch: /)
    assert.ok(!JSON.stringify([deployed.objects, await deployed.plan()]).includes(hidden))
    assert.equal(await versionOf('secret'), before)
    const rolled = await versionOf('deployment')
    await deployed.apply()
    assert.equal(await versionOf('deployment'), rolled, 'pods are not made again and again')
  })

  await t.test('CT-10: settled, nothing is asked but what is there', async () => {
    const operations = [note('a'), note('b')]
    deployed.settings = { kubernetes_json_patches: Object.fromEntries(COMPONENTS.map((each) => [each, operations])) }
    await deployed.apply()
    const from = await auditedUntilNow(cluster)
    for (let pass = 0; pass < 10; pass++) await deployed.apply()
    await auditedUntilNow(cluster)
    const asked = cluster
      .auditLog()
      .slice(from)
      .filter(({ userAgent }) => userAgent === 'martello')
    assert.ok(asked.length > 0)
    assert.deepEqual(new Set(asked.map(({ verb }) => verb)), new Set(['get', 'list']))
    assert.equal(asked.filter(({ resource }) => resource === 'middlewares').length, 20, 'and that once')
  })

  await t.test('of objects of a component none is touched when one is refused', async () => {
    const add = (value: number) => [note('m'), { op: 'add', path: '/spec/forwardAuth/maxBodySize', value }]
    await cluster.kubectl('patch', 'crd', MIDDLEWARES[1], '--type=json', `--patch=${JSON.stringify([SMALL_BODIES])}`)
    const versions = () => Promise.all(MIDDLEWARES.map(versionOf))
    const before = await versions()
    await until('the new schema', async () => {
      deployed.settings = { kubernetes_json_patches: { 'traefik middleware': add(11) } }
      return /skip/.test((await deployed.plan())['traefik middleware']!)
    })
    const statuses = await passWith({ 'traefik middleware': add(11) })
    assert.equal(statuses['service'], 'ready Applied')
    const reports = deployed.objects.filter(({ component }) => component === 'traefik middleware')
    assert.deepEqual(
      reports.map(({ reason }) => reason),
      ['PatchRejected', 'PatchRejected'],
    )
    for (const { message } of reports) assert.match(message, /^operation 1 of its JSON patch: .*maxBodySize/)
    assert.deepEqual(await versions(), before)
    assert.equal((await passWith({ 'traefik middleware': add(9) }))['traefik middleware'], 'ready Applied')
    for (const kind of MIDDLEWARES) assert.equal((await json(kind, NAME)).spec.forwardAuth.maxBodySize, 9)
  })

  await t.test('what is refused without its patch too is not the fault of that', async () => {
    const patches = { service: [note('n')], ingress: [note('n')] }
    deployed.settings = { kubernetes_json_patches: patches, kubernetes_service_type: 'NoSuchType' }
    const statuses = await deployed.apply()
    assert.equal(statuses['service'], 'rejected Invalid')
    assert.match(deployed.messageOf('service'), /^patch services in namespace default: .*NoSuchType/)
    assert.equal(statuses['ingress'], 'ready CertificateMissing')
    assert.match((await deployed.plan())['service']!, /^skip Invalid: /)
    deployed.settings = { kubernetes_service_type: 'ClusterIP' }
    assert.equal((await deployed.apply())['service'], 'ready Applied')
  })

  await t.test('a webhook that takes no dry runs is not the fault of a patch', async () => {
    await cluster.apply(webhookWithoutDryRuns({ asks: 'webhook' }))
    const asking = { service: [{ op: 'add', path: '/metadata/labels/asks', value: 'webhook' }] }
    deployed.settings = { kubernetes_json_patches: asking }
    await until('the webhook', async () => /BadRequest/.test((await deployed.plan())['service']!))
    assert.equal((await deployed.apply())['service'], 'ready Applied')
    assert.equal((await json('service', NAME)).metadata.labels.asks, 'webhook')
    await cluster.kubectl('delete', 'validatingwebhookconfiguration', 'no-dry-runs')
  })

  await t.test('from nothing, all is made but what is refused; that too when the patch is mended', async () => {
    await deployed.remove()
    const statuses = await passWith({ service: [note('a'), port('No Name')], deployment: [BAD_QUANTITY] })
    assert.deepEqual([statuses['service'], statuses['deployment']], Array(2).fill('rejected PatchRejected'))
    assert.match(deployed.messageOf('service'), /^operation 1 of its JSON patch: /)
    assert.equal(statuses['secret'], 'ready Applied')
    const there = () =>
      cluster.kubectl('get', 'secret,service,deployment,ingress', NAME, '--ignore-not-found', '-oname')
    assert.deepEqual((await there()).trim().split('\n'), [`secret/${NAME}`, `ingress.networking.k8s.io/${NAME}`])
    await passWith({ service: [note('a'), port('a-name')] })
    assert.equal((await there()).trim().split('\n').length, 4)
  })

  await t.test('what is forbidden is not the fault of a patch', async () => {
    await deployed.remove()
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none', namespace: 'default' } }
    await cluster.apply({ ...quota, spec: { hard: { services: '0' } } })
    await cluster.call('admin', '/api/v1/namespaces/default/resourcequotas/none/status', {
      method: 'PATCH',
      contentType: 'application/merge-patch+json',
      body: { status: { hard: { services: '0' }, used: { services: '0' } } },
    })
    await until('the quota', async () => /Forbidden/.test((await deployed.plan())['service']!))
    const statuses = await passWith({ service: [note('a')] })
    assert.equal(statuses['service'], 'failed Forbidden')
    assert.equal(statuses['secret'], 'ready Applied')
    await cluster.kubectl('delete', 'resourcequota', 'none')
  })
})
