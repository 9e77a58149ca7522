import type { Deployment } from '#controllers/target/target.ts'
import type { DesiredObject } from '#schema/deployment/desired-object.ts'
import { desiredObjects } from '#schema/deployment/kubernetes/desired-objects.ts'
import type { DeploymentContext } from '#schema/deployment/outpost.ts'
import { patchObjects, type RejectedPatch } from '#schema/deployment/patch/patch-objects.ts'
import type { DeploymentSettings } from '#schema/deployment/settings.ts'
import { ClusterRefusedError } from './cluster-refused-error.ts'
import type { Discovery } from './discovery.ts'

export interface WantedObjects {
  /** All of them before the administrator's patches. */
  readonly desired: readonly DesiredObject[]
  /** In the order in which they are made. */
  readonly objects: readonly DesiredObject[]
  /** Patches that cannot be applied, with the objects that stay as they are because of that. */
  readonly rejected: readonly { readonly patch: RejectedPatch; readonly objects: readonly DesiredObject[] }[]
}

/** What an outpost needs, in the versions that the cluster serves as far as is known. */
export function wantedObjects(
  { outpost, context, secrets, image }: Pick<Deployment, 'outpost' | 'context' | 'secrets' | 'image'>,
  serves: NonNullable<DeploymentContext['serves']>,
): WantedObjects {
  const desired = desiredObjects(outpost, { ...context, serves }, secrets, image)
  return withPatches(desired, outpost.settings.kubernetes_json_patches)
}

/** What is wanted under these patches, of which the cluster is known to refuse some. */
export function withPatches(
  desired: readonly DesiredObject[],
  patches: DeploymentSettings['kubernetes_json_patches'],
  refused: readonly RejectedPatch[] = [],
): WantedObjects {
  const { objects, rejected } = patchObjects(desired, patches, refused)
  const ofComponent = (component: string) => desired.filter((each) => each.component === component)
  return { desired, objects, rejected: rejected.map((patch) => ({ patch, objects: ofComponent(patch.component) })) }
}

/** The same, after the cluster was asked which versions it serves. */
export async function discoverWantedObjects(
  deployment: Deployment,
  discovery: Discovery,
  signal: AbortSignal,
): Promise<WantedObjects> {
  const asked = new Set<string>()
  const noting = { ...deployment.context, serves: (apiVersion: string) => asked.add(apiVersion).size === 0 }
  const desired = desiredObjects(deployment.outpost, noting, deployment.secrets, deployment.image)
  for (const { object } of desired) asked.add(object.apiVersion)
  // What cannot be found out is the status of the objects that need it.
  for (const apiVersion of asked)
    await discovery.load(apiVersion, signal).catch((error: unknown) => {
      if (!(error instanceof ClusterRefusedError)) throw error
    })
  return wantedObjects(deployment, (apiVersion, kind) => discovery.known(apiVersion, kind) !== null)
}
