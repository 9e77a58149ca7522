import type { TriggerUpdateArgs, WireChange } from '#schema/wire/messages.ts'

/** What a refresh has to do: everything, or just these changes; and what it will have applied then. */
export interface Refresh {
  readonly revision: number
  /** Undefined: anything may have changed. */
  readonly changes: readonly WireChange[] | undefined
}

/** More changes than this are cheaper to read as a whole. */
const MAX_CHANGES = 200

/** Two refreshes that wait become one. */
export function merge(waiting: Refresh | undefined, next: Refresh): Refresh {
  if (waiting === undefined) return next
  const revision = Math.max(waiting.revision, next.revision)
  if (waiting.changes === undefined || next.changes === undefined) return { revision, changes: undefined }
  const changes = [...waiting.changes, ...next.changes]
  return { revision, changes: changes.length > MAX_CHANGES ? undefined : changes }
}

/** What a message of the core asks for; one without details asks for everything. */
export function refreshFor({ revision = 0, changes }: TriggerUpdateArgs): Refresh {
  return { revision, changes: changes !== undefined && changes.length <= MAX_CHANGES ? changes : undefined }
}
