import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** The parts of an outpost's deployment on Kubernetes: keys of `kubernetes_json_patches` and `kubernetes_disabled_components`. */
export const COMPONENTS = [
  'secret',
  'deployment',
  'service',
  'metrics service',
  'prometheus servicemonitor',
  'ingress',
  'httproute',
  'traefik middleware',
  'network policy',
  'pod disruption budget',
  'horizontal pod autoscaler',
] as const
export type Component = (typeof COMPONENTS)[number]

/** A Kubernetes object as it is sent: camelCase, without status. */
export interface KubernetesObject extends JsonObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}

/** One object that an outpost needs, and the component that it belongs to; a component may have several (`httproute`). */
export interface DesiredObject {
  readonly component: Component
  readonly object: KubernetesObject
  /** The kind may be unknown to the cluster: the object waits until it is known. */
  readonly isOptionalKind: boolean
}
