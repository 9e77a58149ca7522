import { Histogram, type Registry } from 'prom-client'

/** Measures how long a step takes, whether it succeeds or not. */
export class Timed {
  readonly #histogram: Histogram<'flow'>

  constructor(histogram: Histogram<'flow'>) {
    this.#histogram = histogram
  }

  async timed<T>(labels: { flow: string }, work: () => Promise<T>): Promise<T> {
    const done = this.#histogram.startTimer(labels)
    try {
      return await work()
    } finally {
      done()
    }
  }
}

export interface FlowMetrics {
  readonly get: Timed
  readonly post: Timed
}

export function flowMetrics(registry: Registry): FlowMetrics {
  const histogram = (verb: string) =>
    new Timed(
      new Histogram({
        name: `authentik_outpost_flow_timing_${verb}_seconds`,
        help: `Duration of ${verb.toUpperCase()} requests to the flow executor`,
        labelNames: ['flow'],
        registers: [registry],
      }),
    )
  return { get: histogram('get'), post: histogram('post') }
}
