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
    // Several may have one name, such as kinds of two groups: any of them that was so already says since when.
    const known = before.find((each) => identityOf(each) === identityOf(object))
    return { ...object, since: known?.since ?? now }
  })
}

const identityOf = ({ component, kind, namespace, name, condition, reason }: Omit<ObjectStatus, 'since'>) =>
  [component, kind, namespace, name, condition, reason].join(' ')
