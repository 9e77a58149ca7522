import { imageVersion } from '../image.ts'
import { labelValue, nameLabel, uuidHex } from '../names.ts'
import type { DeployableOutpost, DeploymentContext } from '../outpost.ts'

export type Labels = Readonly<Record<string, string>>

/** The label that says whose an object is: 32 hex digits of the outpost's UUID. */
export const OWNER_LABEL = 'goauthentik.io/outpost-uuid'

/** compat: what the reference puts on every object of an outpost. */
export function metadataLabels(outpost: DeployableOutpost, { version }: DeploymentContext): Labels {
  return {
    'app.kubernetes.io/instance': nameLabel(outpost),
    'app.kubernetes.io/managed-by': 'goauthentik.io',
    'app.kubernetes.io/name': `authentik-${outpost.type}`,
    'app.kubernetes.io/version': labelValue(version),
    'goauthentik.io/outpost-name': nameLabel(outpost),
    'goauthentik.io/outpost-type': outpost.type,
    [OWNER_LABEL]: uuidHex(outpost.pk),
  }
}

/** What Services and policies know the pods by: a new name of the outpost changes none of it, so they are never without. */
export function stablePodLabels(outpost: DeployableOutpost): Labels {
  return {
    'app.kubernetes.io/managed-by': 'goauthentik.io',
    'app.kubernetes.io/name': `authentik-outpost-${outpost.type}`,
    'goauthentik.io/outpost-type': outpost.type,
    [OWNER_LABEL]: uuidHex(outpost.pk),
  }
}

/** compat: the selector of a Deployment cannot change, so the reference's is kept to adopt what it made, name and all. */
export function deploymentSelector(outpost: DeployableOutpost): Labels {
  return { ...stablePodLabels(outpost), 'goauthentik.io/outpost-name': nameLabel(outpost) }
}

/**
 * compat: `app` and `version` are for Istio. The version is the image's, not the core's: a new core alone makes no new pods
 * of outposts that keep their image.
 */
export function podLabels(outpost: DeployableOutpost, image: string): Labels {
  const version = labelValue(imageVersion(image))
  return {
    ...deploymentSelector(outpost),
    app: 'authentik-outpost',
    'app.kubernetes.io/version': version,
    version,
  }
}
