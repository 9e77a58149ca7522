import assert from 'node:assert/strict'
import test from 'node:test'
import { Histogram, Registry } from 'prom-client'
import { SecondsHistogram } from './seconds-histogram.ts'

const NAMED = { name: 'request_duration_seconds', help: 'Requests' }
const OBSERVED: ReadonlyArray<[app: string, seconds: readonly number[]]> = [
  ['below, at and above a bound', [0.0049, 0.005, 0.0051]],
  ['nothing, and beyond the last bound', [0, 10, 10.001, 3600]],
  ['"quoted"\\', [1 / 3, 0.1 + 0.2]],
  ['nothing, and beyond the last bound', [7]],
]

test('the text is that of a histogram of prom-client', async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const fast = new SecondsHistogram({ ...NAMED, registry: ours })
  const reference = new Histogram({ ...NAMED, labelNames: ['outpost_name', 'app'], registers: [theirs] })
  assert.equal(await ours.metrics(), await theirs.metrics())
  for (const [app, durations] of OBSERVED) {
    const labels = { outpost_name: 'radius', app }
    const series = fast.series(labels)
    for (const seconds of durations) {
      series.observe(seconds)
      reference.observe(labels, seconds)
    }
  }
  assert.equal(await ours.metrics(), await theirs.metrics())
})
