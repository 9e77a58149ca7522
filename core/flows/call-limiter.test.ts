import assert from 'node:assert/strict'
import test from 'node:test'
import { CallLimiter } from './call-limiter.ts'

const clock = () => {
  const time = { ms: 1_000_000, now: () => time.ms }
  return time
}

test('calls come in a burst, then as fast as they are refilled', () => {
  const time = clock()
  const limiter = new CallLimiter({ burst: 2, perSecond: 1, capacity: 100 }, time)
  const admitted = () => limiter.admits('192.0.2.1')
  assert.deepEqual([admitted(), admitted(), admitted()], [true, true, false])
  assert.equal(limiter.admits('198.51.100.1'), true)
  time.ms += 1_000
  assert.deepEqual([admitted(), admitted()], [true, false])
  time.ms += 3_600_000
  assert.deepEqual([admitted(), admitted(), admitted()], [true, true, false])
})

test('of the networks that call, the most silent is forgotten first', () => {
  const limiter = new CallLimiter({ burst: 1, perSecond: 0, capacity: 2 }, clock())
  for (const ip of ['192.0.2.1', '198.51.100.1', '192.0.2.1', '203.0.113.1']) limiter.admits(ip)
  assert.deepEqual([limiter.admits('192.0.2.1'), limiter.admits('198.51.100.1')], [false, true])
})
