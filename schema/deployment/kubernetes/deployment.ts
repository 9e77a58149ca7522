import type { KubernetesObject } from '../desired-object.ts'
import { type Basis, metadata } from './basis.ts'
import { deploymentSelector } from './labels.ts'
import { podTemplate } from './pod-template.ts'

/** The outpost itself. There are never fewer pods at work than wanted, whatever changes. */
export function deployment(basis: Basis): KubernetesObject {
  const { kubernetes_replicas: replicas, kubernetes_replicas_max: max } = basis.outpost.settings
  const isOurs = replicas !== null && max === null
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(basis),
    spec: {
      ...(isOurs ? { replicas } : {}),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: deploymentSelector(basis.outpost) },
      template: podTemplate(basis),
    },
  }
}
