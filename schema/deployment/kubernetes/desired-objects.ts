import { COMPONENTS, type Component, type DesiredObject, type KubernetesObject } from '../desired-object.ts'
import { imageOf } from '../image.ts'
import type { DeployableOutpost, DeploymentContext, DeploymentSecrets } from '../outpost.ts'
import { type Basis, basisOf } from './basis.ts'
import { deployment } from './deployment.ts'
import { horizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { httpRoutes } from './http-route.ts'
import { ingress } from './ingress.ts'
import { metricsService, serviceMonitor } from './metrics-service.ts'
import { networkPolicy } from './network-policy.ts'
import { podDisruptionBudget } from './pod-disruption-budget.ts'
import { secret } from './secret.ts'
import { withSecretChecksum } from './secret-checksum.ts'
import { service } from './service.ts'
import { traefikMiddlewares } from './traefik-middleware.ts'

type Maker = (basis: Basis) => KubernetesObject | readonly KubernetesObject[]

const MAKERS: Readonly<Record<Component, Maker>> = {
  secret,
  deployment,
  service,
  'metrics service': metricsService,
  'prometheus servicemonitor': serviceMonitor,
  ingress,
  httproute: httpRoutes,
  'traefik middleware': traefikMiddlewares,
  'network policy': networkPolicy,
  'pod disruption budget': podDisruptionBudget,
  'horizontal pod autoscaler': horizontalPodAutoscaler,
}
/** Kinds of other projects. */
const OPTIONAL: ReadonlySet<Component> = new Set(['prometheus servicemonitor', 'httproute', 'traefik middleware'])
const OF_PROXIES: ReadonlySet<Component> = new Set(['ingress', 'httproute', 'traefik middleware'])

/**
 * Everything that an outpost needs in a cluster, before the administrator's patches, in the order of COMPONENTS; components
 * that are disabled or have nothing to do are left out. `image` is what runs now, when that is not yet what is asked for.
 */
export function desiredObjects(
  outpost: DeployableOutpost,
  context: DeploymentContext,
  secrets: DeploymentSecrets,
  image = imageOf(outpost, context),
): readonly DesiredObject[] {
  const basis = basisOf({ outpost, context, secrets, image })
  const objects = COMPONENTS.filter((component) => isWanted(component, outpost)).flatMap((component) => {
    const made = [MAKERS[component](basis)].flat() as readonly KubernetesObject[]
    return made.map((object): DesiredObject => ({ component, object, isOptionalKind: OPTIONAL.has(component) }))
  })
  return withSecretChecksum(objects)
}

function isWanted(component: Component, { type, settings }: DeployableOutpost): boolean {
  if (settings.kubernetes_disabled_components.includes(component)) return false
  return type === 'proxy' || !OF_PROXIES.has(component)
}
