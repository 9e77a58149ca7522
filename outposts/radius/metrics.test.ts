import assert from 'node:assert/strict'
import test from 'node:test'
import { Registry } from 'prom-client'
import { RadiusMetrics } from './metrics.ts'

test('answers are counted under the name that the outpost has at the time', async () => {
  const registry = new Registry()
  const metrics = new RadiusMetrics(registry)
  for (const [name, answers] of [
    ['first', 1],
    ['second', 2],
    ['first', 4],
  ] as const) {
    metrics.outpostName = name
    for (let answer = 0; answer < answers; answer++) metrics.answered('network', 20)
  }
  const counts = [...(await registry.metrics()).matchAll(/_count\{outpost_name="(\w+)",app="network"\} (\d+)/g)]
  assert.deepEqual(
    counts.map(([, name, count]) => [name, Number(count)]),
    [
      ['first', 5],
      ['second', 2],
    ],
  )
})
