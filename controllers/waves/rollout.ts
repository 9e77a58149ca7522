import { type DeploymentRecord, isWorkload, ROLLED_BACK } from '#schema/deployment/status.ts'

/** Why an outpost runs the image that it runs. */
export type RolloutReason =
  /** It asks for this very image. */
  | 'Pinned'
  /** Nothing is to be changed, or nothing ran before. */
  | 'Current'
  /** Its image has been healthy for long enough to stay, whatever comes. */
  | 'Proved'
  /** It tries the image for the others. */
  | 'Canary'
  /** The image has proved itself. */
  | 'Released'
  /** It keeps the image from before until the image has proved itself. */
  | 'Waiting'
  /** The image did not become healthy: the one from before runs again. */
  | 'RolledBack'

export interface Rollout {
  readonly image: string
  readonly reason: RolloutReason
  /** When to decide again, ms since the epoch; undefined: when something changes. */
  readonly againAt?: number
  /** Why the image from before runs again. */
  readonly why?: string
}

export interface RolloutLimits {
  /** How long a canary has to be healthy before the others follow. */
  readonly gateMs: number
  /** How long a new image may take to become healthy. */
  readonly deadlineMs: number
}

export const ROLLOUT_LIMITS: RolloutLimits = { gateMs: 60_000, deadlineMs: 300_000 }

export interface RolloutQuestion {
  /** The image that the outpost should come to run. */
  readonly wanted: string
  /** The outpost names its image itself. */
  readonly isPinned: boolean
  readonly own: DeploymentRecord | undefined
  /** The outpost that tries new images first, by its record; undefined when this one does. */
  readonly canary: DeploymentRecord | undefined
  readonly now: number
}

/**
 * Which image an outpost runs now. A new one is tried by the canary; the others follow once it has been healthy there
 * for a while, and never if it was not. Pure: the records are all that is remembered.
 */
export function decideImage(question: RolloutQuestion, { gateMs, deadlineMs }: RolloutLimits): Rollout {
  const { wanted, isPinned, own, canary, now } = question
  const running = own?.image ?? ''
  if (own?.rejected_image === wanted && running !== '') return { image: running, reason: 'RolledBack' }
  if (running === '') return { image: wanted, reason: isPinned ? 'Pinned' : 'Current' }
  if (running === wanted) return keepOrReturn(own!, now, { gateMs, deadlineMs })
  if (isPinned) return { image: wanted, reason: 'Pinned' }
  if (canary === undefined) return { image: wanted, reason: 'Canary' }
  if (canary.rejected_image === wanted) return { image: running, reason: 'Waiting' }
  const healthyAt = canary.image === wanted ? healthySince(canary) : undefined
  if (healthyAt === undefined) return { image: running, reason: 'Waiting' }
  const againAt = healthyAt + gateMs
  return now >= againAt ? { image: wanted, reason: 'Released' } : { image: running, reason: 'Waiting', againAt }
}

/**
 * An image that is not healthy in time gives way to the one from before, if there was one; at once where the target has
 * done that by itself. Once it has proved itself there is nothing to return to: what is wrong later is not the image.
 */
function keepOrReturn(own: DeploymentRecord, now: number, { gateMs, deadlineMs }: RolloutLimits): Rollout {
  const current: Rollout = { image: own.image, reason: 'Current' }
  if (own.previous_image === '' || own.image_since === undefined) return current
  // Nothing is known of the image: it is neither proved nor to blame.
  if (own.error !== '') return { ...current, againAt: now + gateMs }
  const healthyAt = healthySince(own)
  if (healthyAt !== undefined)
    return now >= healthyAt + gateMs ? { ...current, reason: 'Proved' } : { ...current, againAt: healthyAt + gateMs }
  const returned = own.objects.find(({ reason }) => reason === ROLLED_BACK)
  const againAt = Date.parse(own.image_since) + deadlineMs
  if (returned === undefined && now < againAt) return { ...current, againAt }
  const why = (returned ?? own.objects.find((each) => isWorkload(each) && each.condition !== 'ready'))?.message ?? ''
  return { image: own.previous_image, reason: 'RolledBack', why }
}

/**
 * Since when what runs the image has been ready, ms since the epoch; undefined if it is not, or not known to be. What is
 * wrong with other objects is not the image's doing.
 */
export function healthySince({ objects, image_since: imageSince, error }: DeploymentRecord): number | undefined {
  if (error !== '') return undefined
  const counted = objects.filter(isWorkload)
  if (counted.length === 0 || counted.some(({ condition }) => condition !== 'ready')) return undefined
  return Math.max(Date.parse(imageSince ?? '') || 0, ...counted.map(({ since }) => Date.parse(since)))
}

/** What the record says of images after this decision was carried out. */
export function imageFields(
  own: DeploymentRecord | undefined,
  { image, reason, why }: Rollout,
  { wanted, now }: { wanted: string; now: string },
): Pick<DeploymentRecord, 'image' | 'previous_image' | 'rejected_image' | 'rejected_why' | 'image_since' | 'rollout'> {
  const isRejected = reason === 'RolledBack' || own?.rejected_image === wanted
  const told = {
    rollout: reason,
    rejected_image: isRejected ? wanted : '',
    rejected_why: isRejected ? (why ?? own?.rejected_why ?? '') : '',
  }
  // What was rejected is no image to go back to, and what has proved itself needs none.
  const isSettled = reason === 'RolledBack' || reason === 'Proved'
  if (own !== undefined && own.image === image)
    return {
      image,
      previous_image: isSettled ? '' : own.previous_image,
      ...told,
      ...(own.image_since === undefined ? {} : { image_since: own.image_since }),
    }
  return { image, previous_image: isSettled ? '' : (own?.image ?? ''), ...told, image_since: now }
}
