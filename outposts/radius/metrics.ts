import { Counter, type Registry } from 'prom-client'
import { SecondsHistogram, type SecondsSeries } from '#outposts/metrics/seconds-histogram.ts'
import type { DropReason, RejectReason } from './reasons.ts'

/** What the outpost counts; `app` is the slug of the application, '' when no provider serves the client. */
export class RadiusMetrics {
  readonly #requests: SecondsHistogram
  readonly #rejected: Counter
  readonly #dropped: Counter
  /** By application. */
  readonly #series = new Map<string, SecondsSeries>()
  #outpostName = ''

  constructor(registry: Registry) {
    const registers = [registry]
    this.#requests = new SecondsHistogram({
      name: 'authentik_outpost_radius_request_duration_seconds',
      help: 'RADIUS requests that were answered',
      registry,
    })
    this.#rejected = new Counter({
      name: 'authentik_outpost_radius_requests_rejected_total',
      help: 'RADIUS requests answered with Access-Reject',
      labelNames: ['outpost_name', 'reason', 'app'],
      registers,
    })
    this.#dropped = new Counter({
      name: 'authentik_outpost_radius_requests_dropped_total',
      help: 'RADIUS datagrams left without an answer',
      labelNames: ['outpost_name', 'reason'],
      registers,
    })
  }

  /** Label of every series, known once the outpost is configured. */
  set outpostName(name: string) {
    this.#outpostName = name
    this.#series.clear()
  }

  answered(app: string, durationMs: number): void {
    const series = () => this.#requests.series({ outpost_name: this.#outpostName, app })
    this.#series.getOrInsertComputed(app, series).observe(durationMs / 1000)
  }

  rejected(app: string, reason: RejectReason): void {
    this.#rejected.inc({ outpost_name: this.#outpostName, reason, app })
  }

  dropped(reason: DropReason): void {
    this.#dropped.inc({ outpost_name: this.#outpostName, reason })
  }
}
