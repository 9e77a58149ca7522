import type { PatchedObject } from '../patch/patch-objects.ts'
import { yamlDocuments } from './yaml-documents.ts'

/**
 * What `kubectl apply` takes to make an outpost by hand, the Secret with the outpost's token included. Kinds of other
 * projects are in it only where `serves` says that the cluster knows them: kubectl fails with one that it does not.
 */
export function kubernetesManifest(
  objects: readonly PatchedObject[],
  serves: (apiVersion: string, kind: string) => boolean = () => false,
): string {
  const applicable = objects.filter(
    ({ object, isOptionalKind }) => !isOptionalKind || serves(object.apiVersion, object.kind),
  )
  return yamlDocuments(applicable.map(({ object }) => object))
}
