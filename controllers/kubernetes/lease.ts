// Leader election by a Lease (coordination.k8s.io/v1), as the programs of Kubernetes do it: whoever is in the Lease and
// keeps renewing it holds it. Only changes that we saw ourselves count as signs of life, never the times in it: clocks of
// two machines differ. Work is ended well before anybody else may think that the Lease is free.
import { ServiceConnectionError } from '#controllers/target/target-error.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { ReadClock } from '#schema/kernel/elapsed.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { ClusterApi } from './api.ts'
import type { ServedKind } from './discovery.ts'
import { type LeaseTiming, leaseSpecOf, renewedSpec } from './plan/lease-spec.ts'

/** Another one takes over within 20 seconds. */
export const LEASE_TIMING: LeaseTiming = { durationMs: 15_000, renewWithinMs: 10_000, retryMs: 3_000 }

export interface LeaseOptions {
  readonly api: ClusterApi
  readonly namespace: string
  readonly name: string
  /** Who we are; of no other process. */
  readonly identity: string
  readonly timing: LeaseTiming
  readonly clock: Clock
  /** By which it is measured how long the Lease was held, or nothing was heard. */
  readonly elapsed: ReadClock
  readonly random: Random
  /** Resolves after so many ms, or when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly log: Logger
}

/** A Lease that one process at a time holds. */
export class LeaderLease {
  readonly #options: LeaseOptions
  /** The version that was seen last, and when it was first seen. */
  #observed = { version: '', at: 0 }

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  /**
   * Works whenever the Lease is held, until the signal aborts; the signal that `work` gets aborts as soon as the Lease may
   * be lost. The Lease is tried for again only when the work has returned, and let go of at the end.
   */
  async lead(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { sleep, timing, random, log } = this.#options
    while (!signal.aborted) {
      if ((await this.#attempt(signal)) === 'held') {
        log.info('leading', { lease: this.#options.name })
        await this.#hold(work, signal)
        log.info('not leading any more', { lease: this.#options.name })
      }
      // Not all at the same moment.
      await sleep(timing.retryMs * (0.5 + random() / 2), signal)
    }
  }

  async #hold(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const lost = new AbortController()
    const holding = AbortSignal.any([signal, lost.signal])
    const ended = new AbortController()
    const working = work(holding).finally(() => ended.abort())
    await this.#keepRenewing(lost, AbortSignal.any([signal, ended.signal]))
    try {
      await working
    } finally {
      if (!lost.signal.aborted) await this.#release()
    }
  }

  async #keepRenewing(lost: AbortController, signal: AbortSignal): Promise<void> {
    const { sleep, timing, elapsed } = this.#options
    let deadline = elapsed() + timing.renewWithinMs
    while (!signal.aborted) {
      await sleep(timing.retryMs, signal)
      const began = elapsed()
      const late = new AbortController()
      const either = AbortSignal.any([signal, late.signal])
      // A call may hang for longer than the Lease lasts.
      void sleep(Math.max(0, deadline - began), either).then(() => late.abort())
      const state = await this.#attempt(either)
      late.abort()
      if (signal.aborted) return
      if (state === 'held') deadline = began + timing.renewWithinMs
      else if (state === 'taken' || elapsed() >= deadline) return lost.abort()
    }
  }

  /** Takes or renews the Lease, if it is free or ours. */
  async #attempt(signal: AbortSignal): Promise<'held' | 'taken' | 'unknown'> {
    const { api, namespace, name, identity, timing, clock, elapsed, log } = this.#options
    try {
      const kind = await this.#kind(signal)
      const live = await api.get(kind, { namespace, name }, signal)
      const spec = leaseSpecOf(live)
      const [now, seen] = [clock.now(), elapsed()]
      const version = live?.metadata.resourceVersion ?? ''
      if (version !== this.#observed.version) this.#observed = { version, at: seen }
      const isSilent = seen - this.#observed.at >= timing.durationMs
      if (spec.holderIdentity !== '' && spec.holderIdentity !== identity && !isSilent) return 'taken'
      const written = await this.#write(kind, { version, spec: renewedSpec(spec, { identity, timing, now }) }, signal)
      this.#observed = { version: written.metadata.resourceVersion, at: seen }
      return 'held'
    } catch (error) {
      if (!(error instanceof MartelloError) && !signal.aborted) throw error
      // Somebody else was faster, or the cluster does not answer.
      log.debug('a lease could not be taken or renewed', { lease: name, cause: error })
      return 'unknown'
    }
  }

  /** Lets the next one begin at once. */
  async #release(): Promise<void> {
    const { api, namespace, name, identity, log } = this.#options
    const { signal } = new AbortController()
    try {
      const kind = await this.#kind(signal)
      const live = await api.get(kind, { namespace, name }, signal)
      const spec = leaseSpecOf(live)
      if (live === undefined || spec.holderIdentity !== identity) return
      const version = live.metadata.resourceVersion
      await this.#write(kind, { version, spec: { ...spec, holderIdentity: '', leaseDurationSeconds: 1 } }, signal)
    } catch (cause) {
      log.debug('a lease could not be let go of; it ends by itself', { lease: name, cause })
    }
  }

  /** Only if nobody has written in between. */
  #write(kind: ServedKind, { version, spec }: { version: string; spec: JsonObject }, signal: AbortSignal) {
    const { api, namespace, name } = this.#options
    const object = { apiVersion: kind.apiVersion, kind: kind.kind, spec }
    if (version === '') return api.create(kind, { ...object, metadata: { namespace, name } }, signal)
    return api.replace(kind, { ...object, metadata: { namespace, name, resourceVersion: version } }, signal)
  }

  async #kind(signal: AbortSignal): Promise<ServedKind> {
    const kind = await this.#options.api.discovery.find('coordination.k8s.io/v1', 'Lease', signal)
    if (kind === undefined) throw new ServiceConnectionError('the cluster serves no Leases of coordination.k8s.io/v1')
    return kind
  }
}
