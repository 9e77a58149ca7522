import type { ConnectionKind } from '#controllers/open-targets.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { findCluster } from './find-cluster.ts'

export interface DiscovererOptions {
  readonly core: CoreClient
  /** The kinds of service connections that this controller serves: no other is looked for. */
  readonly kinds: readonly ConnectionKind[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  /** Where the files of a ServiceAccount are looked for, instead of the root. */
  readonly inClusterRoot?: string
}

/** Makes service connections of those of these kinds that are found on this machine; what cannot be made is logged. */
export type Discover = (kinds: ReadonlySet<string>, signal: AbortSignal) => Promise<void>

/**
 * Finds what is on the controller's own machine: the Docker daemon behind its unix socket, the cluster whose
 * ServiceAccount it has. Nothing is deployed by that: a connection is only there to be chosen.
 */
export function discoverer({ core, kinds, env, log, inClusterRoot = '' }: DiscovererOptions): Discover {
  const finders: Readonly<Partial<Record<ConnectionKind, (signal: AbortSignal) => Promise<object | undefined>>>> = {
    async docker(signal) {
      const { findDocker } = await import('./find-docker.ts')
      return findDocker(env, signal)
    },
    kubernetes: () => findCluster(env, inClusterRoot),
  }
  const failed = new Set<string>()
  return async (wanted, signal) => {
    for (const kind of kinds) {
      if (!wanted.has(kind)) continue
      const body = await finders[kind]?.(signal)
      if (body === undefined || signal.aborted) continue
      try {
        await core.request({ method: 'POST', path: `/outposts/service_connections/${kind}/`, body, signal })
        log.info('a service connection was made to what is on this machine', { kind })
        failed.delete(kind)
      } catch (cause) {
        if (signal.aborted) return
        if (!(cause instanceof MartelloError)) throw cause
        // Somebody else's connection has the name, or the core is away: said once, tried again.
        if (!failed.has(kind))
          log.warning('a service connection to what is on this machine cannot be made', { kind, cause })
        failed.add(kind)
      }
    }
  }
}
