import type { FleetConnection } from './fleet/fleet-state.ts'
import { LocalTarget, type LocalTargetOptions } from './local/local-target.ts'
import type { OpenTarget } from './loop/targets.ts'

export type ConnectionKind = FleetConnection['kind']
export const CONNECTION_KINDS: readonly ConnectionKind[] = ['local', 'docker', 'kubernetes']

export type OpenTargets = Readonly<Partial<Record<ConnectionKind, OpenTarget>>>

export interface OpenTargetsOptions {
  readonly kinds: readonly ConnectionKind[]
  readonly local: LocalTargetOptions
}

/** How each kind of service connection is opened; adapters are loaded only when one of their kind is there. */
export function openTargets({ kinds, local }: OpenTargetsOptions): OpenTargets {
  const all: Record<ConnectionKind, OpenTarget> = {
    local: async () => new LocalTarget(local),
  }
  return Object.fromEntries(kinds.map((kind) => [kind, all[kind]]))
}
