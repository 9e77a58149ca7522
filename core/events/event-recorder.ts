import type { Database } from '#core/store/database.ts'
import { events } from '#core/store/tables/system.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import { maskSecrets } from './mask-secrets.ts'
import type { EventRecorder } from './recorder.ts'

const KEPT_MS = 365 * 86_400_000

/** Stores audit events; whatever looks like a secret in their context is masked. */
export function createEventRecorder(db: Database, clock: Clock): EventRecorder {
  return {
    async record({ action, app, user = {}, clientIp, context = {} }, within = db) {
      const now = clock.now()
      await within.insert(events).values({
        action,
        app,
        user,
        context: maskSecrets(context),
        clientIp: clientIp ?? null,
        created: new Date(now),
        expires: new Date(now + KEPT_MS),
      })
    },
  }
}
