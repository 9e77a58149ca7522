import { OWNER_LABEL } from '#schema/deployment/kubernetes/labels.ts'
import type { WatchEvent } from './api.ts'
import type { ServedKind } from './discovery.ts'
import { type FollowOptions, followChanges } from './follow-changes.ts'

const UUID_HEX = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/
/**
 * Watches what is deployed, kind by kind in the namespaces where something is, for hints that something has changed.
 */
export class Watches implements Disposable {
  readonly #options: FollowOptions
  readonly #stop = new AbortController()
  readonly #watched = new Set<string>()
  readonly #listeners = new Set<(outpost: string) => void>()

  constructor(options: FollowOptions) {
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
    const followed = { kind, namespace, labelSelector: OWNER_LABEL }
    void followChanges(this.#options, followed, (event) => this.#tell(event), this.#stop.signal)
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
  }

  #tell({ object }: WatchEvent): void {
    // Bookmarks tell the version and nothing else.
    const outpost = object.metadata.labels[OWNER_LABEL]?.replace(UUID_HEX, '$1-$2-$3-$4-$5')
    if (outpost !== undefined) for (const changed of this.#listeners) changed(outpost)
  }
}
