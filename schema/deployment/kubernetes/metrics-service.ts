import type { KubernetesObject } from '../desired-object.ts'
import { metricsName } from '../names.ts'
import { type Basis, metadata } from './basis.ts'
import { OWNER_LABEL, stablePodLabels } from './labels.ts'
import { METRICS_PORT } from './ports.ts'

const COMPONENT = { 'app.kubernetes.io/component': 'metrics' }

/** Metrics of an outpost of any type, inside the cluster only. */
export function metricsService(basis: Basis): KubernetesObject {
  const { name, protocol, containerPort } = METRICS_PORT
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(basis, { name: metricsName(basis.outpost), labels: COMPONENT }),
    spec: {
      type: 'ClusterIP',
      ports: [{ name, port: containerPort, protocol, targetPort: containerPort }],
      selector: stablePodLabels(basis.outpost),
    },
  }
}

/** For the Prometheus operator. It finds the metrics Service by what neither a release nor a new name changes. */
export function serviceMonitor(basis: Basis): KubernetesObject {
  const own = metadata(basis)
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: own,
    spec: {
      endpoints: [{ port: METRICS_PORT.name, path: '/metrics' }],
      selector: { matchLabels: { ...COMPONENT, [OWNER_LABEL]: own.labels[OWNER_LABEL]! } },
    },
  }
}
