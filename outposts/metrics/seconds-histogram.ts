import type { Metric, Registry } from 'prom-client'

/** The bounds that Prometheus clients use unless told otherwise (sheet outpost-protocol §6.2). */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

type Labels = Readonly<Record<string, string>>

/** The durations that have one set of labels. */
export class SecondsSeries {
  readonly labels: Labels
  /** How many were at most each bound and above the one before; the last are above all of them. */
  readonly counts: number[] = new Array(BOUNDS.length + 1).fill(0)
  sum = 0

  constructor(labels: Labels) {
    this.labels = labels
  }

  observe(seconds: number): void {
    let bound = 0
    while (seconds > BOUNDS[bound]!) bound++
    this.counts[bound]!++
    this.sum += seconds
  }
}

/**
 * A histogram for where requests are many: who observes holds the series of its labels. The one of prom-client finds it
 * by a text that it makes of the labels, and the bucket by one of the bound, for each request (2 µs).
 */
export class SecondsHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #series = new Map<string, SecondsSeries>()

  constructor({ name, help, registry }: { name: string; help: string; registry: Registry }) {
    this.name = name
    this.help = help
    // All that a registry asks of a metric is its name and `get`.
    registry.registerMetric(this as unknown as Metric)
  }

  /** The series of the labels, to be kept by who observes. */
  series(labels: Labels): SecondsSeries {
    return this.#series.getOrInsertComputed(JSON.stringify(labels), () => new SecondsSeries(labels))
  }

  async get() {
    const { name, help, type, aggregator } = this
    return {
      name,
      help,
      type,
      aggregator,
      values: [...this.#series.values()].flatMap((series) => this.#valuesOf(series)),
    }
  }

  #valuesOf({ labels, counts, sum }: SecondsSeries) {
    let count = 0
    const buckets = [...BOUNDS, '+Inf'].map((le, index) => {
      count += counts[index]!
      return { metricName: `${this.name}_bucket`, labels: { le, ...labels }, value: count }
    })
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ]
  }
}
