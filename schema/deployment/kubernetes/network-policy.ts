import type { KubernetesObject } from '../desired-object.ts'
import { type Basis, metadata } from './basis.ts'
import { stablePodLabels } from './labels.ts'
import { OUTPOST_PORTS } from './ports.ts'

/** Lets everybody in, to the outpost's ports only. What the outpost itself may reach depends on its applications. */
export function networkPolicy(basis: Basis): readonly KubernetesObject[] {
  const { outpost } = basis
  if (!outpost.settings.kubernetes_network_policy) return []
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: metadata(basis),
      spec: {
        podSelector: { matchLabels: stablePodLabels(outpost) },
        policyTypes: ['Ingress'],
        ingress: [
          { ports: OUTPOST_PORTS[outpost.type].map(({ protocol, containerPort: port }) => ({ protocol, port })) },
        ],
      },
    },
  ]
}
