import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { needsTypeArgument } from '../image.ts'
import type { Basis } from './basis.ts'
import { podLabels, stablePodLabels } from './labels.ts'
import { METRICS_PORT, OUTPOST_PORTS } from './ports.ts'
import { RESTRICTED } from './restricted.ts'

/** compat: environment and the keys of the Secret that it comes from, which authentik's outposts know as ours do. */
const ENVIRONMENT = {
  AUTHENTIK_HOST: 'authentik_host',
  AUTHENTIK_HOST_BROWSER: 'authentik_host_browser',
  AUTHENTIK_TOKEN: 'token',
  AUTHENTIK_INSECURE: 'authentik_host_insecure',
} as const

/** Time for requests that are under way. */
const GRACE_SECONDS = 60
/** The memory is what the LDAP outposts of either kind were seen to need with a large directory. */
const RESOURCES = { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '1Gi' } }

/** The pod: within Pod Security "restricted", with nothing to write on but `/tmp`, and no credentials of the cluster. */
export function podTemplate(basis: Basis): JsonObject {
  const { outpost, image } = basis
  return {
    metadata: { labels: podLabels(outpost, image), annotations: {} },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      imagePullSecrets: outpost.settings.kubernetes_image_pull_secrets.map((name) => ({ name })),
      securityContext: RESTRICTED.pod,
      topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: stablePodLabels(outpost) },
      })),
      containers: [container(basis)],
      volumes: [{ name: 'tmp', emptyDir: {} }],
    },
  }
}

function container({ outpost, image, name }: Basis): JsonObject {
  const { type } = outpost
  return {
    name: type,
    image,
    ...(needsTypeArgument(image, type) ? { args: [type] } : {}),
    ports: OUTPOST_PORTS[type].map((port) => ({
      containerPort: port.containerPort,
      name: port.name,
      protocol: port.protocol,
    })),
    env: Object.entries(ENVIRONMENT).map(([variable, key]) => ({
      name: variable,
      valueFrom: { secretKeyRef: { name, key } },
    })),
    startupProbe: probe({ periodSeconds: 2, failureThreshold: 60 }),
    readinessProbe: probe({ periodSeconds: 5, failureThreshold: 2 }),
    livenessProbe: probe({ periodSeconds: 10, failureThreshold: 6 }),
    resources: RESOURCES,
    securityContext: RESTRICTED.container,
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  }
}

/** compat: the one address of health that the outposts of both kinds answer. */
const probe = (timing: { periodSeconds: number; failureThreshold: number }) => ({
  httpGet: { path: '/outpost.goauthentik.io/ping', port: METRICS_PORT.name },
  timeoutSeconds: 3,
  ...timing,
})
