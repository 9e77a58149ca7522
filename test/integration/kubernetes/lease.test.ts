import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { ClusterApi } from '#controllers/kubernetes/api.ts'
import { ClusterConnection } from '#controllers/kubernetes/cluster-connection.ts'
import { credentialsOf } from '#controllers/kubernetes/credentials.ts'
import { LeaderLease } from '#controllers/kubernetes/lease.ts'
import { systemElapsed } from '#controllers/system-elapsed.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { hasKubernetes, type Kubernetes } from '#test/support/engines/kubernetes.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { startEngine, until } from '#test/support/engines/process.ts'

const HOLDER = join(import.meta.dirname, '..', '..', 'support', 'kubernetes-lease-holder.ts')
const FAIL_OVER_MS = 30_000

const startHolder = (cluster: Kubernetes, identity: string) =>
  startEngine({
    command: process.execPath,
    args: [HOLDER, identity, cluster.kubeconfig('controller')],
    ready: async () => true,
  })

/** Two that try to lead in this process; how many work at each moment is counted. */
function contenders(cluster: Kubernetes, names: readonly string[]) {
  const timing = { durationMs: 2000, renewWithinMs: 1200, retryMs: 200 }
  const at = { working: 0, most: 0, turns: [] as string[] }
  const start = (identity: string) => {
    const credentials = credentialsOf({
      pk: identity,
      local: false,
      verifySsl: true,
      kubeconfig: JSON.parse(cluster.kubeconfig('controller')),
    })
    const connection = new ClusterConnection(credentials)
    const stop = new AbortController()
    const lease = new LeaderLease({
      api: new ClusterApi(connection, Date),
      namespace: 'default',
      name: 'contended',
      identity,
      timing,
      clock: Date,
      elapsed: systemElapsed(),
      random: Math.random,
      sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
      log: silentLogger,
    })
    const leading = lease.lead(async (signal) => {
      at.turns.push(identity)
      at.most = Math.max(at.most, ++at.working)
      if (!signal.aborted) await once(signal, 'abort')
      at.working--
    }, stop.signal)
    const end = async () => {
      stop.abort()
      await leading
      await connection[Symbol.asyncDispose]()
    }
    return { identity, end }
  }
  return { at, running: names.map(start) }
}

test('CT-11: one controller works at a time, and another goes on when it ends', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes()
  const rights = ['--verb=get,create,update', '--resource=leases.coordination.k8s.io']
  await cluster.kubectl('create', 'role', 'leases', ...rights)
  await cluster.kubectl('create', 'rolebinding', 'leases', '--role=leases', '--user=controller')

  await t.test('one that is killed is replaced within 30 seconds', async () => {
    await using first = await startHolder(cluster, 'first')
    await until('the first leads', async () => first.output().includes('leading'))
    await using second = await startHolder(cluster, 'second')
    const holder = async () =>
      cluster.kubectl('get', 'lease', 'martello-controller', '--output=jsonpath={.spec.holderIdentity}')
    assert.equal(await holder(), 'first')
    first.process.kill('SIGKILL')
    await until('the second leads', async () => second.output().includes('leading'), { withinMs: FAIL_OVER_MS })
    assert.equal(await holder(), 'second')
    second.process.kill('SIGTERM')
    await once(second.process, 'exit')
    assert.match(second.output(), /leading\nfollowing\n/)
    assert.equal(await holder(), '', 'it has let go')
  })

  await t.test('there are never two at work, also when the API server comes and goes', async () => {
    const { at, running } = contenders(cluster, ['a', 'b'])
    await until('somebody leads', async () => at.working === 1)
    await cluster.stopApiServer()
    await until('nobody works without the Lease', async () => at.working === 0)
    await cluster.restartApiServer()
    await until('somebody leads again', async () => at.working === 1)
    for (const _ of running) {
      const leader = running.find(({ identity }) => identity === at.turns.at(-1))!
      await leader.end()
      running.splice(running.indexOf(leader), 1)
      if (running.length > 0) await until('the other one leads', async () => at.working === 1)
    }
    await Promise.all(running.map(({ end }) => end()))
    assert.equal(at.most, 1)
    assert.equal(at.working, 0)
    assert.ok(at.turns.length >= 3, at.turns.join())
  })

  await t.test('somebody who takes the Lease away ends the work', async () => {
    const { at, running } = contenders(cluster, ['c'])
    await until('it leads', async () => at.working === 1)
    const usurp = JSON.stringify({ spec: { holderIdentity: 'somebody', leaseTransitions: 9 } })
    await cluster.kubectl('patch', 'lease', 'contended', '--type=merge', '--patch', usurp)
    await until('it has stopped', async () => at.working === 0)
    await until('the Lease of somebody who is silent is taken', async () => at.working === 1)
    const seen = await cluster.kubectl('get', 'lease', 'contended', '--output=jsonpath={.spec.leaseTransitions}')
    assert.equal(seen, '10')
    await Promise.all(running.map(({ end }) => end()))
  })
})
