// A process that tries to lead: writes "leading" and "following" to its standard output; ends like any, or is killed.
import { setTimeout as wait } from 'node:timers/promises'
import { ClusterApi } from '#controllers/kubernetes/api.ts'
import { ClusterConnection } from '#controllers/kubernetes/cluster-connection.ts'
import { credentialsOf } from '#controllers/kubernetes/credentials.ts'
import { LEASE_TIMING, LeaderLease } from '#controllers/kubernetes/lease.ts'
import { systemElapsed } from '#controllers/system-elapsed.ts'
import { silentLogger } from '#schema/kernel/logger.ts'

const [identity, kubeconfig] = process.argv.slice(2) as [string, string]
const credentials = credentialsOf({ pk: identity, local: false, verifySsl: true, kubeconfig: JSON.parse(kubeconfig) })
await using connection = new ClusterConnection(credentials)
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
const lease = new LeaderLease({
  api: new ClusterApi(connection, Date),
  namespace: 'default',
  name: 'martello-controller',
  identity,
  timing: LEASE_TIMING,
  clock: Date,
  elapsed: systemElapsed(),
  random: Math.random,
  sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
  log: silentLogger,
})
const work = async (signal: AbortSignal) => {
  console.log('leading')
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
  console.log('following')
}
await lease.lead(work, stop.signal)
