import type { KubernetesObject } from '../desired-object.ts'
import { type Basis, metadata, servedVersion } from './basis.ts'
import { stablePodLabels } from './labels.ts'

/** One pod at a time may be evicted, where there may be several; a single one must not hold up a node. */
export function podDisruptionBudget(basis: Basis): readonly KubernetesObject[] {
  const { kubernetes_replicas: replicas, kubernetes_replicas_max: max } = basis.outpost.settings
  if ((max ?? replicas ?? Number.POSITIVE_INFINITY) <= 1) return []
  return [
    {
      apiVersion: servedVersion(basis, 'PodDisruptionBudget', ['policy/v1', 'policy/v1beta1']),
      kind: 'PodDisruptionBudget',
      metadata: metadata(basis),
      spec: { maxUnavailable: 1, selector: { matchLabels: stablePodLabels(basis.outpost) } },
    },
  ]
}
