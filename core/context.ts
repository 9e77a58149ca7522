import type { Registry } from 'prom-client'
import type { CoreConfig } from '#core/config/core-config.ts'
import type { KeyRing } from '#core/crypto/key-ring.ts'
import type { EventRecorder } from '#core/events/recorder.ts'
import type { ChangeFeed } from '#core/store/change-feed.ts'
import type { Database } from '#core/store/database.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'

/** What every part of the core is given; assembled once in `core/main.ts`. */
export interface CoreContext {
  readonly config: CoreConfig
  readonly db: Database
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Seals secrets at rest, hashes keys, derives keys from `secret_key`. */
  readonly keys: KeyRing
  /** Writes audit events. */
  readonly events: EventRecorder
  /** Records changes and revocations inside a transaction, and tells every replica after the commit. */
  readonly feed: ChangeFeed
  readonly metrics: Registry
  /** UUID of this installation, made at the first migration. */
  readonly installId: string
  /** UUID of this core process. */
  readonly replicaId: string
}
