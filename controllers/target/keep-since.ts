import type { ObjectStatus } from '#schema/deployment/status.ts'
import type { Clock } from '#schema/kernel/clock.ts'

/** Statuses with the time since when each has been so: that from before, unless the condition or its reason changed. */
export function keepSince(
  objects: readonly Omit<ObjectStatus, 'since'>[],
  before: readonly ObjectStatus[],
  clock: Clock,
): readonly ObjectStatus[] {
  const now = new Date(clock.now()).toISOString()
  return objects.map((object) => {
    const known = before.find(
      (each) => each.component === object.component && each.kind === object.kind && each.name === object.name,
    )
    const isSame = known?.condition === object.condition && known.reason === object.reason
    return { ...object, since: isSame ? known.since : now }
  })
}
