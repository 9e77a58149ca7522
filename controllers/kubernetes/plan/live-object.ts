import { z } from 'zod'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** Who we are in an object's `managedFields`. */
export const FIELD_MANAGER = 'martello'

const texts = z.record(z.string(), z.string())
const managedFields = z.looseObject({
  manager: z.string().default(''),
  operation: z.string().default(''),
  subresource: z.string().default(''),
  fieldsV1: z.record(z.string(), z.unknown()).default({}),
})
export type ManagedFields = z.infer<typeof managedFields>

/** An object of a cluster, as far as any object is alike; everything else is kept as it came. */
export const liveObject = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string(),
    resourceVersion: z.string().default(''),
    labels: texts.default({}),
    annotations: texts.default({}),
    deletionTimestamp: z.string().optional(),
    creationTimestamp: z.string().optional(),
    finalizers: z.array(z.string()).default([]),
    ownerReferences: z.array(z.looseObject({ uid: z.string(), controller: z.boolean().default(false) })).default([]),
    managedFields: z.array(managedFields).default([]),
  }),
})
export type LiveObject = z.infer<typeof liveObject>

/** What is compared of an object: all that somebody wants of it, and which of its fields are ours. */
export function substanceOf(live: LiveObject): JsonObject {
  const { status: _status, metadata, ...rest } = live
  // These change with every write, also with those of a status.
  const { resourceVersion: _version, generation: _generation, managedFields: _managers, ...kept } = metadata
  return { ...rest, metadata: kept, owned: ownFields(live) }
}

/** The fields that we applied and own, in the server's notation; undefined when there are none. */
export function ownFields({ metadata }: LiveObject): JsonObject | undefined {
  return metadata.managedFields.find(
    ({ manager, operation, subresource }) => manager === FIELD_MANAGER && operation === 'Apply' && subresource === '',
  )?.fieldsV1
}
