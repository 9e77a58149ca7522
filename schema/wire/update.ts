import type { TriggerUpdateArgs, WireChange } from './messages.ts'

/** What an outpost has to read again, everything or just these changes, and the revision that it has applied then. */
export interface Update {
  readonly revision: number
  /** Undefined: anything may have changed. */
  readonly changes: readonly WireChange[] | undefined
}

/** More changes than this are cheaper to read as a whole. */
const MAX_CHANGES = 200

/** Two updates that wait become one. */
export function mergeUpdates(waiting: Update | undefined, next: Update): Update {
  if (waiting === undefined) return next
  const revision = Math.max(waiting.revision, next.revision)
  if (waiting.changes === undefined || next.changes === undefined) return { revision, changes: undefined }
  const changes = [...waiting.changes, ...next.changes]
  return { revision, changes: changes.length > MAX_CHANGES ? undefined : changes }
}

/** What a message of the core asks for; one without details asks for everything. */
export function updateOf({ revision = 0, changes }: TriggerUpdateArgs): Update {
  return { revision, changes: changes !== undefined && changes.length <= MAX_CHANGES ? changes : undefined }
}
