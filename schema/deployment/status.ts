import { z } from 'zod'

/** How far one object of a deployment is. */
export const CONDITIONS = [
  /** As wanted, and there is nothing to wait for. */
  'ready',
  /** As wanted, but not at work yet. */
  'progressing',
  /** Not as wanted; tried again. */
  'failed',
  /** Not as wanted, and trying again would not help: the reason says what to change. */
  'rejected',
  /** Left out on purpose: the reason says why. */
  'skipped',
] as const

/** The reason of an object that the target itself has put back as it was before, because what was wanted did not work. */
export const ROLLED_BACK = 'RolledBack'

/** One object of an outpost's deployment, as a controller saw it last. */
export const objectStatus = z.object({
  /** `secret`, `deployment`, … on Kubernetes; `container` on Docker; `process` on the controller's machine. */
  component: z.string().max(64),
  kind: z.string().max(128),
  namespace: z.string().max(253).optional(),
  name: z.string().max(253),
  condition: z.enum(CONDITIONS),
  /** One CamelCase word for machines. */
  reason: z.string().max(128),
  /** A sentence for people, without secrets; empty when there is nothing to say. */
  message: z.string().max(2048),
  /** Since when the condition and reason have been so: ISO 8601. */
  since: z.iso.datetime(),
})
export type ObjectStatus = z.infer<typeof objectStatus>

const WORKLOADS: ReadonlySet<string> = new Set(['deployment', 'container', 'process'])

/** Whether it is the object that runs the outpost's image. */
export const isWorkload = ({ component }: Pick<ObjectStatus, 'component'>): boolean => WORKLOADS.has(component)

/** Whether the target has refused what runs the image, so that what ran before still does. */
export const isRefused = ({ objects }: { readonly objects: readonly ObjectStatus[] }): boolean =>
  objects.some((each) => isWorkload(each) && each.condition === 'rejected' && each.reason !== ROLLED_BACK)

/** One object that was made, and is removed when nobody wants it any more. */
export const inventoryItem = z.object({
  apiVersion: z.string().max(256).default(''),
  kind: z.string().max(128),
  namespace: z.string().max(253).optional(),
  name: z.string().max(253),
  uid: z.string().max(128).optional(),
})
export type InventoryItem = z.infer<typeof inventoryItem>

/**
 * What a controller keeps in the core about one outpost. It outlives the outpost: what was made is removed from it, then
 * it goes too.
 */
export const deploymentRecord = z.object({
  outpost: z.uuid(),
  outpost_name: z.string().max(512),
  /** The service connection that the inventory is on. */
  connection: z.uuid(),
  inventory: z.array(inventoryItem).max(1000),
  objects: z.array(objectStatus).max(1000),
  /** The image that runs, the one before it, and one that did not become healthy. */
  image: z.string().max(512).default(''),
  image_since: z.iso.datetime().optional(),
  previous_image: z.string().max(512).default(''),
  rejected_image: z.string().max(512).default(''),
  /** What that one had to say. */
  rejected_why: z.string().max(2048).default(''),
  /** Why this image runs, such as `Waiting` for the outpost that tries the one that is wanted. */
  rollout: z.string().max(64).default(''),
  /** What kept the whole deployment from being reconciled; empty when nothing did. */
  error: z.string().max(2048).default(''),
  reconciled: z.iso.datetime(),
})
export type DeploymentRecord = z.infer<typeof deploymentRecord>

/** What a controller says of a service connection. */
export const connectionState = z.object({
  healthy: z.boolean(),
  version: z.string().max(256),
  /** Why it is not healthy, without secrets. */
  reason: z.string().max(2048).default(''),
})
export type ConnectionState = z.infer<typeof connectionState>
