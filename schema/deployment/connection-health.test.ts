import assert from 'node:assert/strict'
import test from 'node:test'
import { connectionHealth } from './connection-health.ts'

const NOW = 1_000_000_000
const up = { healthy: true, version: '27.0', reason: '' }
const down = { healthy: false, version: '', reason: 'connection refused' }
const MINUTE = 60_000

const silence: ReadonlyArray<[ageMs: number, told: string]> = [
  [5 * MINUTE, '5 minutes'],
  [119 * MINUTE, '119 minutes'],
  [120 * MINUTE, '2 hours'],
  [47 * 60 * MINUTE, '47 hours'],
  [3 * 1440 * MINUTE, '3 days'],
]
for (const [ageMs, told] of silence)
  test(`CT-22: nobody is healthy who was so ${told} ago`, () =>
    assert.deepEqual(connectionHealth({ ...up, checkedAtMs: NOW - ageMs }, NOW), {
      healthy: false,
      version: '27.0',
      reason: `no controller has reported on it for ${told}`,
    }))

for (const state of [up, down])
  test(`CT-22: a fresh report is told as it is, healthy ${state.healthy}`, () =>
    assert.deepEqual(connectionHealth({ ...state, checkedAtMs: NOW - 5 * MINUTE + 1 }, NOW), state))

test('CT-22: a connection that nobody has reported on is not healthy', () =>
  assert.deepEqual(connectionHealth(undefined, NOW), {
    healthy: false,
    version: '',
    reason: 'no controller has reported on it yet',
  }))
