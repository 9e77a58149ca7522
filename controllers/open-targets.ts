import type { CoreClient } from '#schema/client/request.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { FleetConnection } from './fleet/fleet-state.ts'
import { LocalTarget, type LocalTargetOptions } from './local/local-target.ts'
import type { OpenTarget } from './loop/targets.ts'

export type ConnectionKind = FleetConnection['kind']
export const CONNECTION_KINDS: readonly ConnectionKind[] = ['local', 'docker', 'kubernetes']

export type OpenTargets = Readonly<Partial<Record<ConnectionKind, OpenTarget>>>

export interface OpenTargetsOptions {
  readonly kinds: readonly ConnectionKind[]
  readonly core: CoreClient
  readonly log: Logger
  readonly local: LocalTargetOptions
}

/** How each kind of service connection is opened; what an adapter needs is loaded when the first of its kind is there. */
export function openTargets({ kinds, core, log, local }: OpenTargetsOptions): OpenTargets {
  const { env, clock, random } = local
  const all: Record<ConnectionKind, OpenTarget> = {
    local: async () => new LocalTarget(local),
    async docker(connection) {
      const { openDockerTarget } = await import('./docker/open-docker-target.ts')
      return openDockerTarget({ core, env, clock, random })(connection)
    },
    async kubernetes(connection) {
      const { openKubernetesTarget } = await import('./kubernetes/open-kubernetes-target.ts')
      return openKubernetesTarget({ core, clock, random, log })(connection)
    },
  }
  return Object.fromEntries(kinds.map((kind) => [kind, all[kind]]))
}
