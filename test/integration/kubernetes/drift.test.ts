import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterApi } from '#controllers/kubernetes/api.ts'
import { ClusterConnection } from '#controllers/kubernetes/cluster-connection.ts'
import { credentialsOf } from '#controllers/kubernetes/credentials.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { installCrds } from '#test/support/engines/kubernetes-crds.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { until } from '#test/support/engines/process.ts'
import {
  applyUntilReady,
  auditedUntilNow,
  Deployed,
  isWrite,
  TOKEN,
  targetOf,
  webhookWithoutDryRuns,
  writesOf,
} from '#test/support/kubernetes-deployment.ts'
import { recordedVariants } from '#test/support/recorded-requests.ts'

const NAME = 'ak-outpost-obj-patches'
const RENAMED = { ...exampleOutpost(), name: 'of a trial' }

type Operation = { readonly op: 'add' | 'replace' | 'remove'; readonly path: string; readonly value?: unknown }
const SERVICE_MONITOR = '/apis/monitoring.coreos.com/v1/namespaces/default/servicemonitors'
const MIDDLEWARE = '/apis/traefik.io/v1alpha1/namespaces/default/middlewares'
const INGRESS = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments'
const SERVICE = '/api/v1/namespaces/default/services'
const SECRET = '/api/v1/namespaces/default/secrets'
const LABEL = '/metadata/labels/example.com~1team'
const HEADERS = '/spec/forwardAuth/authResponseHeaders'
const CONTAINERS = '/spec/template/spec/containers'
const evil = (path: string, value: unknown = 'evil'): Operation => ({ op: 'replace', path, value })
const foreign = (path: string, value: unknown = 'mine'): Operation => ({ op: 'add', path, value })

/** A port under another number is in the way of one of ours of that name, until it is ours. */
const OUR_WRITES = { kept: 0, restored: 1, 'taken and restored': 2 }

/** What was changed in the reference's objects while it was recorded, and what becomes of that with us. */
const DRIFTS: ReadonlyArray<[step: string, collection: string, change: Operation, outcome: keyof typeof OUR_WRITES]> = [
  ['foreign label on ServiceMonitor', SERVICE_MONITOR, foreign(LABEL), 'kept'],
  ['foreign label on Middleware', MIDDLEWARE, foreign(LABEL), 'kept'],
  ['ServiceMonitor endpoint path changed live', SERVICE_MONITOR, evil('/spec/endpoints/0/path'), 'restored'],
  ['Middleware header removed live', MIDDLEWARE, { op: 'remove', path: `${HEADERS}/0` }, 'restored'],
  ['Middleware header added live', MIDDLEWARE, foreign(`${HEADERS}/-`), 'restored'],
  ['Middleware address changed live', MIDDLEWARE, evil('/spec/forwardAuth/address'), 'restored'],
  [
    'Middleware trustForwardHeader changed live',
    MIDDLEWARE,
    evil('/spec/forwardAuth/trustForwardHeader', false),
    'restored',
  ],
  [
    'Ingress annotation changed live',
    INGRESS,
    evil('/metadata/annotations/nginx.ingress.kubernetes.io~1affinity'),
    'restored',
  ],
  ['Ingress class set live', INGRESS, foreign('/spec/ingressClassName'), 'kept'],
  ['Ingress path changed live', INGRESS, evil('/spec/rules/1/http/paths/0/path', '/'), 'restored'],
  ['Ingress host changed live', INGRESS, evil('/spec/rules/1/host', 'evil.example.com'), 'restored'],
  ['Ingress TLS secret changed live', INGRESS, evil('/spec/tls/0/secretName'), 'restored'],
  ['Ingress TLS removed live', INGRESS, { op: 'remove', path: '/spec/tls' }, 'restored'],
  ['Deployment image changed live', DEPLOYMENT, evil(`${CONTAINERS}/0/image`), 'restored'],
  [
    'Deployment container port changed live',
    DEPLOYMENT,
    evil(`${CONTAINERS}/0/ports/2/containerPort`, 9999),
    'taken and restored',
  ],
  [
    'Deployment sidecar injected first',
    DEPLOYMENT,
    foreign(`${CONTAINERS}/0`, { name: 'sidecar', image: 'sidecar:1' }),
    'kept',
  ],
  ['Service selector changed live', SERVICE, evil('/spec/selector/goauthentik.io~1outpost-type'), 'restored'],
  ['Secret extra key live', SECRET, foreign('/data/extra', 'eA=='), 'kept'],
  ['Secret annotation live', SECRET, foreign('/metadata/annotations', { 'example.com/note': 'mine' }), 'kept'],
]

test('what others change is put right where it is ours, and kept where it is theirs', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes({ controllers: true })
  await using target = targetOf(cluster)
  const deployed = new Deployed(target, exampleOutpost())
  const json = async (...args: string[]) => JSON.parse(await cluster.kubectl('get', '--output=json', ...args))
  await installCrds(cluster, ['servicemonitors.monitoring.coreos.com', 'middlewares.traefik.io'])
  await applyUntilReady(cluster, deployed)

  await t.test('CT-08: what was changed while the reference was recorded', async (t) => {
    const recorded = recordedVariants().flatMap(({ step }) => /^drift: (?!first up)(.*)/.exec(step)?.[1] ?? [])
    assert.deepEqual(DRIFTS.map(([step]) => step).sort(), recorded.sort())
    const from = await auditedUntilNow(cluster)
    for (const [step, collection, change, outcome] of DRIFTS) {
      const path = `${collection}/${NAME}`
      await t.test(`${step}: ${outcome}`, async () => {
        const before = substanceOf((await cluster.call('admin', path)).body)
        const contentType = 'application/json-patch+json'
        const changed = await cluster.call('admin', path, { method: 'PATCH', contentType, body: [change] })
        assert.equal(changed.status, 200, JSON.stringify(changed.body))
        // Owners are changed only of what was read, and the cluster's own controllers write too.
        await until(
          'a pass without a conflict',
          async () => !/Conflict/.test(Object.values(await deployed.apply()).join()),
        )
        const after = substanceOf((await cluster.call('admin', path)).body)
        assert.deepEqual(after, outcome === 'kept' ? substanceOf(changed.body) : before)
      })
    }
    await auditedUntilNow(cluster)
    const writes = DRIFTS.flatMap(([, collection, , outcome]) => {
      const write = `patch ${collection.split('/').at(-1)}`
      return Array.from({ length: 1 + OUR_WRITES[outcome] }, () => write)
    })
    const done = cluster
      .auditLog()
      .slice(from)
      .filter(isWrite('admin'))
      .filter(({ code }) => code < 400)
    assert.deepEqual(
      done.map(({ verb, resource }) => `${verb} ${resource}`),
      writes,
      'one of others each, and ours where it was ours',
    )
  })

  await t.test('CT-08: a port of a Service that somebody gave another number has its own again', async () => {
    const ports = async () => (await json('service', NAME)).spec.ports.map(({ port }: { port: number }) => port).sort()
    const before = await ports()
    await cluster.kubectl(
      'patch',
      'service',
      NAME,
      '--type=json',
      '--patch',
      JSON.stringify([evil('/spec/ports/0/port', 9999)]),
    )
    assert.equal((await deployed.plan())['service'], 'apply /metadata/managedFields')
    assert.equal((await deployed.apply())['service'], 'ready Applied')
    assert.deepEqual(await ports(), before)
    assert.equal((await deployed.plan())['service'], 'nothing')
  })

  await t.test('CT-08: owned fields are restored, fields of others are kept', async () => {
    const sidecar = { name: 'sidecar', image: 'registry.example.com/sidecar:1' }
    const spec = { replicas: 5, template: { spec: { containers: [sidecar, { name: 'proxy', image: 'evil:1' }] } } }
    await cluster.kubectl('patch', 'deployment', NAME, '--patch', JSON.stringify({ spec }))
    await cluster.kubectl('annotate', 'deployment', NAME, 'example.com/note=mine')
    await cluster.kubectl('label', 'service', NAME, 'example.com/team=identity')
    await cluster.kubectl(
      'patch',
      'ingress',
      NAME,
      '--patch',
      JSON.stringify({ spec: { rules: [{ host: 'evil.example.com' }] } }),
    )
    await cluster.kubectl('patch', 'secret', NAME, '--patch', JSON.stringify({ data: { token: btoa('stolen') } }))
    await cluster.kubectl('delete', 'service', `${NAME}-metrics`)
    const plan = await deployed.plan()
    assert.match(plan['deployment']!, /^apply .*\/spec\/replicas/)
    assert.equal(plan['secret'], 'apply /data/token /metadata/managedFields')
    assert.equal(plan['metrics service'], 'create')
    assert.equal(plan['service'], 'nothing')
    await deployed.apply()
    const deployment = await json('deployment', NAME)
    assert.equal(deployment.spec.replicas, 1)
    assert.equal(deployment.metadata.annotations['example.com/note'], 'mine')
    const containers = deployment.spec.template.spec.containers as { name: string; image: string }[]
    assert.deepEqual(
      new Map(containers.map(({ name, image }) => [name, image])),
      new Map([
        ['sidecar', sidecar.image],
        ['proxy', 'registry.example.com/proxy:2023.8.3'],
      ]),
    )
    assert.equal((await json('service', NAME)).metadata.labels['example.com/team'], 'identity')
    const { rules } = (await json('ingress', NAME)).spec as { rules: { host: string }[] }
    assert.deepEqual(
      rules.map(({ host }) => host),
      ['app.example.com', 'whoami.example.com'],
    )
    assert.equal((await json('secret', NAME)).data.token, btoa(TOKEN))
    await json('service', `${NAME}-metrics`)
  })

  await t.test('CT-08: what kubectl scale does is seen, though it takes no field from us', async () => {
    await cluster.kubectl('scale', 'deployment', NAME, '--replicas=4')
    await deployed.apply()
    assert.equal((await json('deployment', NAME)).spec.replicas, 1)
  })

  await t.test('CT-01: what has taken the place of an object that was read is not changed', async () => {
    const kubeconfig = JSON.parse(cluster.kubeconfig())
    const credentials = credentialsOf({ pk: 'raw', local: false, verifySsl: true, kubeconfig })
    await using connection = new ClusterConnection(credentials)
    const api = new ClusterApi(connection, Date)
    const signal = AbortSignal.timeout(20_000)
    const kind = (await api.discovery.find('v1', 'Secret', signal))!
    for (const name of [NAME, 'never-was']) {
      const metadata = { namespace: 'default', name, uid: crypto.randomUUID() }
      const stale = { apiVersion: 'v1', kind: 'Secret', metadata, data: { token: 'eA==' } }
      await assert.rejects(api.apply(kind, stale, 'for real', signal), { isConflict: true, retryable: true }, name)
    }
  })

  await t.test('CT-01: while others write all the time, our fields and theirs all arrive', async () => {
    const writing = Array.from({ length: 10 }, (_, i) =>
      cluster.call('admin', `/apis/apps/v1/namespaces/default/deployments/${NAME}`, {
        method: 'PATCH',
        contentType: 'application/merge-patch+json',
        body: { metadata: { annotations: { [`example.com/n${i}`]: 'x' } } },
      }),
    )
    deployed.settings = { kubernetes_replicas: 2 }
    const [statuses, ...answers] = await Promise.all([deployed.apply(), ...writing])
    assert.match(statuses['deployment']!, /RollingOut|Unschedulable/)
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    const { metadata, spec } = await json('deployment', NAME)
    assert.equal(spec.replicas, 2)
    assert.equal(Object.keys(metadata.annotations).filter((name) => name.startsWith('example.com/n')).length, 11)
  })

  await t.test('the number of pods is left to somebody else without falling to the default', async () => {
    deployed.settings = { kubernetes_replicas: null }
    await deployed.apply()
    assert.equal((await json('deployment', NAME)).spec.replicas, 2)
    await cluster.kubectl('scale', 'deployment', NAME, '--replicas=3')
    const from = await auditedUntilNow(cluster)
    await deployed.apply()
    assert.equal((await json('deployment', NAME)).spec.replicas, 3)
    await auditedUntilNow(cluster)
    assert.deepEqual(writesOf(cluster, 'admin', from), [])
  })

  await t.test('where an admission webhook takes no dry runs, what has changed is applied', async () => {
    await cluster.apply(webhookWithoutDryRuns())
    await until('the webhook', async () => /BadRequest/.test((await new Deployed(target, RENAMED).plan())['service']!))
    await cluster.kubectl('label', 'service', NAME, '--overwrite', 'goauthentik.io/outpost-type=other')
    assert.equal((await deployed.apply())['service'], 'ready Applied')
    assert.equal((await json('service', NAME)).metadata.labels['goauthentik.io/outpost-type'], 'proxy')
  })
})

/** What somebody may want of an object, and which object it is. */
function substanceOf({ metadata: { uid, labels, annotations = {} }, spec, data }: Record<string, any>) {
  const { 'deployment.kubernetes.io/revision': _, ...wanted } = annotations
  return { uid, labels, annotations: wanted, spec, data }
}
