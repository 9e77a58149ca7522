import { setTimeout as wait } from 'node:timers/promises'
import { type Backoff, backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { ClusterApi, WatchEvent } from './api.ts'
import type { ServedKind } from './discovery.ts'

const BACKOFF: Backoff = { firstMs: 1_000, capMs: 300_000 }
/** HTTP 410: the version to go on from is not kept any more. */
const GONE = 410

export interface FollowOptions {
  readonly api: ClusterApi
  readonly random: Random
  readonly log: Logger
}

/** What is watched: one kind, in one namespace or everywhere, by labels or all of it. */
export interface Followed {
  readonly kind: ServedKind
  readonly namespace: string | undefined
  readonly labelSelector: string
}

/**
 * Tells of every event until the signal aborts. A watch that ends goes on where it was; one that is refused is tried
 * again, less and less often.
 */
export async function followChanges(
  { api, random, log }: FollowOptions,
  { kind, namespace, labelSelector }: Followed,
  tell: (event: WatchEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  let from = ''
  let attempt = 0
  while (!signal.aborted) {
    try {
      for await (const event of api.changes(kind, { namespace, labelSelector, from }, signal)) {
        attempt = 0
        from = versionAfter(event, from)
        if (event.type !== 'ERROR') tell(event)
      }
    } catch (error) {
      if (signal.aborted) return
      if ((error as { status?: number }).status === GONE) from = ''
      log.debug('a watch has ended', { resource: kind.resource, namespace, cause: error })
    }
    await wait(backoffMs(++attempt, random, BACKOFF), undefined, { signal }).catch(() => {})
  }
}

/** The version to go on from after this event. */
function versionAfter({ type, object }: WatchEvent, from: string): string {
  if (type === 'ERROR') return object.code === GONE ? '' : from
  return object.metadata.resourceVersion || from
}
