import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { MARTELLO_VERSION } from '#schema/version.ts'
import { RESTRICTED } from '../kubernetes/restricted.ts'
import { CONTROLLER_NAME, type RbacOptions, rbacObjects } from './rbac-manifest.ts'
import { yamlDocuments } from './yaml-documents.ts'

export const CONTROLLER_IMAGE = `ghcr.io/martello/core:${MARTELLO_VERSION}`

export interface ControllerOptions extends RbacOptions {
  /** Where its pods reach the core. */
  readonly host: URL
  readonly image: string
}

/** One works, the other waits for its turn. */
const REPLICAS = 2
const LABELS = { 'app.kubernetes.io/name': CONTROLLER_NAME, 'app.kubernetes.io/component': 'controller' }

/**
 * A controller in the cluster that it serves: its account, its rights, and pods that run it. The token of the core's
 * user `martello-controller` is in no manifest: the Secret of the controller's name holds it as `token`.
 */
export function controllerObjects(options: ControllerOptions): readonly JsonObject[] {
  return [...rbacObjects(options), deployment(options)]
}

/** The same for `kubectl apply`. */
export function controllerManifest(options: ControllerOptions): string {
  return yamlDocuments(controllerObjects(options))
}

function deployment(options: ControllerOptions): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: CONTROLLER_NAME, namespace: options.namespace, labels: LABELS },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: LABELS },
      template: { metadata: { labels: LABELS }, spec: podOf(options) },
    },
  }
}

function podOf(options: ControllerOptions): JsonObject {
  return {
    serviceAccountName: CONTROLLER_NAME,
    enableServiceLinks: false,
    securityContext: RESTRICTED.pod,
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: LABELS },
      },
    ],
    containers: [container(options)],
  }
}

function container({ host, image, namespace }: ControllerOptions): JsonObject {
  return {
    name: 'controller',
    image,
    args: ['controllers/main.ts'],
    env: [
      { name: 'MARTELLO_HOST', value: host.href },
      { name: 'MARTELLO_TOKEN', valueFrom: { secretKeyRef: { name: CONTROLLER_NAME, key: 'token' } } },
      { name: 'MARTELLO_CONTROLLER__KINDS', value: 'kubernetes' },
      { name: 'MARTELLO_CONTROLLER__LEASE', value: `${namespace}/${CONTROLLER_NAME}` },
    ],
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    securityContext: RESTRICTED.container,
  }
}
