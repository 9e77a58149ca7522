import { setTimeout as wait } from 'node:timers/promises'
import { systemElapsed } from '#controllers/system-elapsed.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { ClusterApi } from './api.ts'
import { ClusterConnection } from './cluster-connection.ts'
import { credentialsOf } from './credentials.ts'
import { LEASE_TIMING, LeaderLease } from './lease.ts'

export interface LeadOptions {
  /** `namespace/name` of the Lease. */
  readonly lease: string
  /** Who we are; of no other process. */
  readonly identity: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Works while this process holds the Lease of its own cluster, until the signal aborts: of several, one at a time. */
export async function leadInCluster(
  { lease, identity, clock, random, log }: LeadOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const [namespace = '', name = ''] = lease.split('/')
  const credentials = credentialsOf({ pk: identity, local: true, verifySsl: true, kubeconfig: undefined })
  await using connection = new ClusterConnection(credentials)
  const sleep = (ms: number, within: AbortSignal) => wait(ms, undefined, { signal: within }).catch(() => {})
  const api = new ClusterApi(connection, clock)
  const options = {
    api,
    namespace,
    name,
    identity,
    timing: LEASE_TIMING,
    clock,
    elapsed: systemElapsed(),
    random,
    sleep,
    log,
  }
  await new LeaderLease(options).lead(work, signal)
}
