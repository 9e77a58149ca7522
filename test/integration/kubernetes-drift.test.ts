import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClusterApi } from '#controllers/kubernetes/api.ts'
import { ClusterConnection } from '#controllers/kubernetes/cluster-connection.ts'
import { credentialsOf } from '#controllers/kubernetes/credentials.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes, startKubernetes } from '#test/support/engines/kubernetes.ts'
import { until } from '#test/support/engines/process.ts'
import {
  applyUntilReady,
  auditedUntilNow,
  Deployed,
  TOKEN,
  targetOf,
  writesOf,
} from '#test/support/kubernetes-deployment.ts'

const NAME = 'ak-outpost-obj-patches'
const RENAMED = { ...exampleOutpost(), name: 'of a trial' }

test('what others change is put right where it is ours, and kept where it is theirs', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await startKubernetes({ controllers: true })
  await using target = targetOf(cluster)
  const deployed = new Deployed(target, exampleOutpost())
  const json = async (...args: string[]) => JSON.parse(await cluster.kubectl('get', '--output=json', ...args))
  await applyUntilReady(cluster, deployed)

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
    await cluster.apply({
      apiVersion: 'admissionregistration.k8s.io/v1beta1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'no-dry-runs' },
      webhooks: [
        {
          name: 'no-dry-runs.example.com',
          clientConfig: { url: 'https://127.0.0.1:1/' },
          failurePolicy: 'Ignore',
          sideEffects: 'Some',
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['services'] }],
        },
      ],
    })
    await until('the webhook', async () => /BadRequest/.test((await new Deployed(target, RENAMED).plan())['service']!))
    await cluster.kubectl('label', 'service', NAME, '--overwrite', 'goauthentik.io/outpost-type=other')
    assert.equal((await deployed.apply())['service'], 'ready Applied')
    assert.equal((await json('service', NAME)).metadata.labels['goauthentik.io/outpost-type'], 'proxy')
  })
})
