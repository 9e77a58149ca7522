// The controller with many outposts on a real API server: from nothing, again by a controller that knows nothing yet, and
// again by one that does. There is no node: the Deployments have no pods, and are ready when the cluster has seen them.
// `node test/bench/controllers.ts [OUTPOSTS]`; needs Kubernetes (test/support/kubernetes-build.mjs) and etcd.
import { availableParallelism, cpus, totalmem } from 'node:os'
import { coreClient } from '#controllers/core-client.ts'
import { openKubernetesTarget } from '#controllers/kubernetes/open-kubernetes-target.ts'
import { Controller } from '#controllers/loop/controller.ts'
import type { OpenTarget } from '#controllers/loop/targets.ts'
import type { Target } from '#controllers/target/target.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { CONTROLLER_TOKEN, startCore, type TestCore } from '#test/support/core.ts'
import { startKubernetes } from '#test/support/engines/kubernetes.ts'
import { until } from '#test/support/engines/process.ts'
import { auditedUntilNow, isWrite } from '#test/support/kubernetes-deployment.ts'
import { connectCluster, makeOutpost } from '#test/support/kubernetes-fleet.ts'
import { testIdentity } from '#test/support/test-controller.ts'

const count = Number(process.argv[2] ?? '500')
const WITHIN_MS = 1_800_000
const RESYNC_MS = 300_000

await using cluster = await startKubernetes({ controllers: true })
await using core = await startCore({ controller: true })
await cluster.kubectl('create', 'clusterrolebinding', 'controller', '--clusterrole=cluster-admin', '--user=controller')
const connection = await connectCluster(core, JSON.parse(cluster.kubeconfig('controller')))
const config = { kubernetes_replicas: 0 }
const began = performance.now()
for (let index = 0; index < count; index++)
  await makeOutpost(core, { name: `bench ${index}`, type: 'ldap', connection, config })
console.log(`${count} outposts made in ${((performance.now() - began) / 1000).toFixed(1)} s`)

/** How many outposts have been seen as they should be, each as often as it was. */
class Passes {
  readonly seen = new Map<string, number>()
  readonly asked = new Map<string, number>()

  isDone = (times: number) => [...this.seen.values()].filter((each) => each >= times).length >= count

  open(open: OpenTarget): OpenTarget {
    return async (of) => {
      const target = await open(of)
      const apply: Target['apply'] = async (deployment, signal) => {
        const applied = await target.apply(deployment, signal)
        const { pk } = deployment.outpost
        const isDone = applied.objects.every(({ condition }) => condition === 'ready' || condition === 'skipped')
        if (isDone) this.seen.set(pk, (this.seen.get(pk) ?? 0) + 1)
        return applied
      }
      return new Proxy(target, {
        get(of, name) {
          if (name === 'apply') return apply
          const value = Reflect.get(of, name, of)
          return typeof value === 'function' ? value.bind(of) : value
        },
      })
    }
  }

  count(client: CoreClient): CoreClient {
    return {
      ...client,
      request: (question) => {
        const { method = 'GET', path } = question
        const shown = `${method} ${path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…')}`
        this.asked.set(shown, (this.asked.get(shown) ?? 0) + 1)
        return client.request(question)
      },
    }
  }
}

async function pass(what: string, passes: Passes, times: number): Promise<void> {
  const from = await auditedUntilNow(cluster)
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  passes.asked.clear()
  await until(what, async () => passes.isDone(times), { withinMs: WITHIN_MS })
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  await auditedUntilNow(cluster)
  const entries = cluster
    .auditLog()
    .slice(from)
    .filter((each) => each.user === 'controller')
  const verbs = Object.entries(Object.groupBy(entries, verbOf)).map(([verb, all]) => `${all!.length} ${verb}`)
  const writes = entries.filter(isWrite('controller')).length
  const asked = [...passes.asked].sort(([, a], [, b]) => b - a).slice(0, 8)
  console.log(`${what}: ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU (core and controller)`)
  console.log(`  cluster: ${entries.length} requests (${verbs.join(', ')}), ${writes} writes`)
  console.log(`  core: ${asked.map(([path, times]) => `${times} ${path}`).join(', ')}`)
}

const verbOf = ({ verb, uri }: { verb: string; uri: string }) => (uri.includes('dryRun=') ? 'dry runs' : verb)

function start(passes: Passes, clock: { now(): number }, { url }: TestCore): AsyncDisposable {
  const stop = new AbortController()
  const client = passes.count(coreClient(new URL(url), new Secret(CONTROLLER_TOKEN)))
  const { random } = Math
  const log = silentLogger
  const open = { kubernetes: passes.open(openKubernetesTarget({ core: client, clock, random, log })) }
  const ended = new Controller({ core: client, identity: testIdentity(), open, log, clock, random }).run(stop.signal)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
    },
  }
}

console.log(
  `${count} LDAP outposts, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB; API server, etcd, core and controller on the same machine`,
)
{
  const passes = new Passes()
  await using _ = start(passes, { now: () => Date.now() }, core)
  await pass('from nothing', passes, 1)
}
{
  const passes = new Passes()
  let passed = 0
  await using _ = start(passes, { now: () => Date.now() + passed }, core)
  await pass('again, by a controller that knows nothing', passes, 1)
  passed += RESYNC_MS
  await pass('again, by the same', passes, 2)
}
