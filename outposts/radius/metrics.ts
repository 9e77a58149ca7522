import { Counter, Histogram, type Registry } from 'prom-client'
import type { DropReason, RejectReason } from './reasons.ts'

/** Seconds; the buckets that Prometheus clients use unless told otherwise (sheet outpost-protocol §6.2). */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What the outpost counts; `app` is the slug of the application, '' when no provider serves the client. */
export class RadiusMetrics {
  readonly #requests: Histogram
  readonly #rejected: Counter
  readonly #dropped: Counter
  /** Label of every series, known once the outpost is configured. */
  outpostName = ''

  constructor(registry: Registry) {
    const registers = [registry]
    this.#requests = new Histogram({
      name: 'authentik_outpost_radius_request_duration_seconds',
      help: 'RADIUS requests that were answered',
      labelNames: ['outpost_name', 'app'],
      buckets: BUCKETS,
      registers,
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

  answered(app: string, durationMs: number): void {
    this.#requests.observe({ outpost_name: this.outpostName, app }, durationMs / 1000)
  }

  rejected(app: string, reason: RejectReason): void {
    this.#rejected.inc({ outpost_name: this.outpostName, reason, app })
  }

  dropped(reason: DropReason): void {
    this.#dropped.inc({ outpost_name: this.outpostName, reason })
  }
}
