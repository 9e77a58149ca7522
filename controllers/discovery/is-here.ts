import type { ConnectionKind } from '#controllers/open-targets.ts'
import { findCluster } from './find-cluster.ts'

/** A daemon that does not answer by then is not waited for. */
const PATIENCE_MS = 2_000

/** Whether a local connection of a kind leads somewhere from this machine, or from this pod. */
export function isHere(env: Readonly<Record<string, string | undefined>>, inClusterRoot = '') {
  return async (kind: ConnectionKind, signal: AbortSignal): Promise<boolean> => {
    if (kind === 'kubernetes') return (await findCluster(env, inClusterRoot)) !== undefined
    if (kind !== 'docker') return true
    const { reachesDocker } = await import('./find-docker.ts')
    return reachesDocker(env, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]))
  }
}
