import type { KubernetesObject } from '../desired-object.ts'
import { type Basis, metadata } from './basis.ts'
import { stablePodLabels } from './labels.ts'
import { OUTPOST_PORTS } from './ports.ts'

/** What users of the outpost reach. Metrics are not among it: it may be a load balancer on the internet. */
export function service(basis: Basis): KubernetesObject {
  const { type, settings } = basis.outpost
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(basis),
    spec: {
      type: settings.kubernetes_service_type,
      ports: OUTPOST_PORTS[type].flatMap(({ name, protocol, servicePort: port, containerPort: targetPort }) =>
        port === undefined ? [] : [{ name, port, protocol, targetPort }],
      ),
      selector: stablePodLabels(basis.outpost),
    },
  }
}
