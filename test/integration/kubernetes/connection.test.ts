import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { credentialsOf } from '#controllers/kubernetes/credentials.ts'
import { KubernetesTarget } from '#controllers/kubernetes/kubernetes-target.ts'
import { ServiceConnectionError, TargetUnreachableError } from '#controllers/target/target-error.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { exampleOutpost } from '#test/support/deployment-vectors.ts'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { temporaryFolder } from '#test/support/engines/process.ts'
import { Deployed, handClock, targetOf } from '#test/support/kubernetes-deployment.ts'

test('CT-05 CT-22: a connection that does not work, and a cluster that goes away', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes()

  await t.test('a token that is not accepted is a broken connection that may mend', async () => {
    const kubeconfig = JSON.parse(cluster.kubeconfig('admin').replace(cluster.token('admin'), 'a-stale-token'))
    const credentials = credentialsOf({ pk: 'stale', local: false, verifySsl: true, kubeconfig })
    const options = { credentials, clock: handClock(), random: Math.random, log: silentLogger }
    await using target = new KubernetesTarget(options)
    const { healthy, reason } = await target.probe(AbortSignal.timeout(10_000))
    assert.ok(!healthy && reason.includes('401') && !reason.includes('a-stale-token'))
    await assert.rejects(
      new Deployed(target, exampleOutpost()).apply(),
      (error) => error instanceof ServiceConnectionError && error.retryable && !error.detail.includes('a-stale-token'),
    )
  })

  await t.test('inside of a cluster the ServiceAccount is who deploys', async () => {
    using root = temporaryFolder('service-account')
    const folder = join(root.path, 'var/run/secrets/kubernetes.io/serviceaccount')
    const { hostname, port } = new URL(cluster.server)
    Object.assign(process.env, { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port })
    try {
      const local = { pk: 'local', local: true, verifySsl: true, kubeconfig: undefined }
      const options = { clock: handClock(), random: Math.random, log: silentLogger }
      await using without = new KubernetesTarget({ ...options, credentials: credentialsOf(local, root.path) })
      const { healthy, reason } = await without.probe(AbortSignal.timeout(10_000))
      assert.deepEqual([healthy, reason], [false, 'the credentials of the service connection cannot be used'])
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'token'), cluster.token('admin'))
      writeFileSync(join(folder, 'ca.crt'), cluster.ca)
      await using target = new KubernetesTarget({ ...options, credentials: credentialsOf(local, root.path) })
      assert.equal((await new Deployed(target, exampleOutpost()).apply())['secret'], 'ready Applied')
    } finally {
      delete process.env['KUBERNETES_SERVICE_HOST']
      delete process.env['KUBERNETES_SERVICE_PORT']
    }
  })

  await t.test('a certificate of somebody else is not accepted, unless the connection says so', async () => {
    const kubeconfig = JSON.parse(cluster.kubeconfig('admin'))
    delete kubeconfig.clusters[0].cluster['certificate-authority-data']
    for (const verifySsl of [true, false]) {
      const credentials = credentialsOf({ pk: 'other', local: false, verifySsl, kubeconfig })
      const options = { credentials, clock: handClock(), random: Math.random, log: silentLogger }
      await using target = new KubernetesTarget(options)
      const { healthy, reason } = await target.probe(AbortSignal.timeout(10_000))
      assert.equal(healthy, !verifySsl, reason)
    }
  })

  await t.test(
    'CT-22: an API server that ends in the middle is told at once, and nothing is lost or made twice',
    async () => {
      let [looks, last] = [0, Number.POSITIVE_INFINITY]
      // Asked for each group of kinds that is found out, and for each object that is about to be read.
      const now = () => {
        if (++looks === last) void cluster.stopApiServer()
        return 0
      }
      await using target = targetOf(cluster, 'admin', { ...handClock(), now })
      const deployed = new Deployed(target, { ...exampleOutpost(), name: 'interrupted' })
      await target.items(deployed.deployment, AbortSignal.timeout(10_000))
      // A pass finds out twice what it needs; the second object is the Deployment.
      last = looks + 2 * looks + 2
      await assert.rejects(deployed.apply(), (error) => error instanceof TargetUnreachableError && error.retryable)
      const { healthy, reason } = await target.probe(AbortSignal.timeout(10_000))
      assert.ok(!healthy && /does not answer/.test(reason), reason)
      await cluster.restartApiServer()
      const made = (await cluster.kubectl('get', 'secret,deployment,service,ingress', '--output=name')).match(
        /interrupted/g,
      )
      assert.ok(made !== null && made.length < 5, `it was in the middle: ${made?.length}`)
      const statuses = await deployed.apply()
      assert.match(statuses['ingress']!, /^ready/)
      await deployed.remove()
      assert.deepEqual(deployed.inventory, [])
      assert.doesNotMatch(await cluster.kubectl('get', 'all,secret,ingress', '--output=name'), /interrupted/)
    },
  )
})
