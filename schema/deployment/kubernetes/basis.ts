import type { KubernetesObject } from '../desired-object.ts'
import { objectName } from '../names.ts'
import type { DeployableOutpost, DeploymentContext, DeploymentSecrets } from '../outpost.ts'
import { metadataLabels } from './labels.ts'

/** What all objects of one outpost are made from. */
export interface Basis {
  readonly outpost: DeployableOutpost
  readonly context: DeploymentContext
  readonly secrets: DeploymentSecrets
  readonly image: string
  /** Of every object that is the only one of its kind. */
  readonly name: string
}

export function basisOf(given: Omit<Basis, 'name'>): Basis {
  return { ...given, name: objectName(given.outpost) }
}

/** Metadata of one object. Annotations are always there, so that a patch can add one without making their parent. */
export function metadata(
  { outpost, context, name }: Basis,
  more: Partial<KubernetesObject['metadata']> = {},
): KubernetesObject['metadata'] {
  return {
    name: more.name ?? name,
    namespace: outpost.settings.kubernetes_namespace,
    labels: { ...metadataLabels(outpost, context), ...more.labels },
    annotations: more.annotations ?? {},
  }
}

/** The first of these group versions, newest first, in which the cluster knows the kind; the newest where nobody was asked. */
export function servedVersion(
  { context }: Basis,
  kind: string,
  [newest, ...older]: readonly [string, ...string[]],
): string {
  const { serves } = context
  return serves === undefined ? newest : ([newest, ...older].find((version) => serves(version, kind)) ?? newest)
}
