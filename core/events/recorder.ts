import type { Database } from '#core/store/database.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** Something that auditors want to know of. */
export interface AuditEvent {
  readonly action: string
  /** Emitting area, such as `authentik.core` (compat: clients filter by these names). */
  readonly app: string
  /** Who did it: `{pk, username, email}`; absent for the system itself. */
  readonly user?: JsonObject | undefined
  readonly clientIp?: string | undefined
  /** Never a secret; the recorder masks values under secret-looking keys all the same. */
  readonly context?: JsonObject | undefined
}

/** The only way into the audit log. */
export interface EventRecorder {
  /** Stores the event, inside the caller's transaction when one is given. */
  record(event: AuditEvent, db?: Database): Promise<void>
}
