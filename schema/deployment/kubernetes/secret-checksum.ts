import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import type { DesiredObject, KubernetesObject } from '../desired-object.ts'
import { secretChecksum } from './secret.ts'

/** Pods read the Secret when they start: this makes new ones when it changes. */
const ANNOTATION = 'checksum/secret'

/** The same objects, with a checksum of the Secret at the pods of the Deployment; without a Secret of ours, as they are. */
export function withSecretChecksum(objects: readonly DesiredObject[]): readonly DesiredObject[] {
  const secret = objects.find(({ component }) => component === 'secret')
  if (secret === undefined) return objects
  const checksum = secretChecksum(secret.object)
  return objects.map((each) =>
    each.component === 'deployment' ? { ...each, object: annotated(each.object, checksum) } : each,
  )
}

function annotated(deployment: KubernetesObject, checksum: string): KubernetesObject {
  const { spec } = deployment
  if (!isJsonObject(spec) || !isJsonObject(spec['template'])) return deployment
  const { template } = spec
  const metadata = isJsonObject(template['metadata']) ? template['metadata'] : {}
  const annotations = {
    ...(isJsonObject(metadata['annotations']) ? metadata['annotations'] : {}),
    [ANNOTATION]: checksum,
  }
  return { ...deployment, spec: { ...spec, template: { ...template, metadata: { ...metadata, annotations } } } }
}
