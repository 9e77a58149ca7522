import { setTimeout as wait } from 'node:timers/promises'
import { OWNER_LABEL } from '#schema/deployment/kubernetes/labels.ts'
import { type Backoff, backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { ClusterApi, WatchEvent } from './api.ts'
import type { ServedKind } from './discovery.ts'

const BACKOFF: Backoff = { firstMs: 1_000, capMs: 300_000 }
const UUID_HEX = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/
/** HTTP 410: the version to go on from is not kept any more. */
const GONE = 410

export interface WatchesOptions {
  readonly api: ClusterApi
  readonly random: Random
  readonly log: Logger
}

/**
 * Watches what is deployed, kind by kind in the namespaces where something is, for hints that something has changed. A
 * watch that ends goes on where it was; one that is refused is tried again, less and less often.
 */
export class Watches implements Disposable {
  readonly #options: WatchesOptions
  readonly #stop = new AbortController()
  readonly #watched = new Set<string>()
  readonly #listeners = new Set<(outpost: string) => void>()

  constructor(options: WatchesOptions) {
    this.#options = options
  }

  /** From now on; `changed` gets the UUID of an outpost. */
  listen(changed: (outpost: string) => void): Disposable {
    this.#listeners.add(changed)
    return { [Symbol.dispose]: () => void this.#listeners.delete(changed) }
  }

  /** Also watches this kind there; without a listener nothing is watched. */
  include(kind: ServedKind, namespace: string): void {
    const path = kind.path(namespace)
    if (this.#listeners.size === 0 || this.#stop.signal.aborted || this.#watched.has(path)) return
    this.#watched.add(path)
    void this.#keepWatching(kind, namespace)
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
  }

  async #keepWatching(kind: ServedKind, namespace: string): Promise<void> {
    const { random, log } = this.#options
    const { signal } = this.#stop
    let from = ''
    let attempt = 0
    while (!signal.aborted) {
      try {
        for await (const event of this.#options.api.changes(
          kind,
          { namespace, labelSelector: OWNER_LABEL, from },
          signal,
        )) {
          attempt = 0
          from = this.#seen(event, from)
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
  #seen({ type, object }: WatchEvent, from: string): string {
    if (type === 'ERROR') return object.code === GONE ? '' : from
    const { labels, resourceVersion } = object.metadata
    // Bookmarks tell the version and nothing else.
    const outpost = labels[OWNER_LABEL]?.replace(UUID_HEX, '$1-$2-$3-$4-$5')
    if (outpost !== undefined) for (const changed of this.#listeners) changed(outpost)
    return resourceVersion || from
  }
}
