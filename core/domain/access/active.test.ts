import assert from 'node:assert/strict'
import test from 'node:test'
import { activeStatus } from './active.ts'

test('who is deactivated is told from who is not, with the reason', () => {
  assert.deepEqual(activeStatus({ isActive: true }), { kind: 'active' })
  assert.deepEqual(activeStatus({ isActive: false }), { kind: 'inactive', reason: 'the user is deactivated' })
})
