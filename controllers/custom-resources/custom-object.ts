import { z } from 'zod'
import { liveObject } from '#controllers/kubernetes/plan/live-object.ts'
import type { Condition } from '#schema/custom-resources/conditions.ts'
import { GROUP } from '#schema/custom-resources/kinds.ts'

const condition: z.ZodType<Condition> = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
  observedGeneration: z.number().default(0),
})

/** A custom resource, as the cluster has it; what its schema has let in is not checked again. */
export const customObject = z.looseObject({
  metadata: liveObject.shape.metadata.extend({ namespace: z.string(), generation: z.number().default(0) }),
  spec: z.record(z.string(), z.unknown()).default({}),
  status: z.looseObject({ conditions: z.array(condition).default([]) }).prefault({}),
})
export type CustomObject = z.infer<typeof customObject>

/** Whose objects in the core are: of no other custom resource, not even a later one of the same name. */
export const ownerOf = ({ metadata }: CustomObject): string => `kubernetes/${metadata.uid}`

const says = ({ metadata }: CustomObject, name: string, value: string) =>
  metadata.annotations[`${GROUP}/${name}`] === value

/** An object that is there without an owner becomes this custom resource's. */
export const adopts = (object: CustomObject): boolean => says(object, 'adopt', 'true')
/** What people change in the core is undone rather than told of. */
export const overwrites = (object: CustomObject): boolean => says(object, 'on-drift', 'overwrite')
/** The object in the core stays when the custom resource goes. */
export const retains = (object: CustomObject): boolean => says(object, 'on-delete', 'retain')
