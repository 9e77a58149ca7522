import type { KubernetesObject } from '../desired-object.ts'
import { type Basis, metadata, servedVersion } from './basis.ts'

const NEWEST = 'autoscaling/v2'
/** Of the processor time that the pods ask for. */
const CPU_PERCENT = 80

/** From `kubernetes_replicas` up to `kubernetes_replicas_max`, by processor time; nothing without a maximum. */
export function horizontalPodAutoscaler(basis: Basis): readonly KubernetesObject[] {
  const { kubernetes_replicas: replicas, kubernetes_replicas_max: maxReplicas } = basis.outpost.settings
  if (maxReplicas === null) return []
  const apiVersion = servedVersion(basis, 'HorizontalPodAutoscaler', [NEWEST, 'autoscaling/v1'])
  const target = { type: 'Utilization', averageUtilization: CPU_PERCENT }
  return [
    {
      apiVersion,
      kind: 'HorizontalPodAutoscaler',
      metadata: metadata(basis),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: basis.name },
        minReplicas: Math.min(Math.max(replicas ?? 1, 1), maxReplicas),
        maxReplicas,
        ...(apiVersion === NEWEST
          ? { metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }] }
          : { targetCPUUtilizationPercentage: CPU_PERCENT }),
      },
    },
  ]
}
