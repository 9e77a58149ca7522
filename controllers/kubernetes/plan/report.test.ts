import assert from 'node:assert/strict'
import test from 'node:test'
import { withoutSecrets } from './report.ts'

test('CT-12: no form of the token is in a message, however the server quotes it, and messages are bounded', () => {
  const token = 'token-0123456789'
  const report = { component: 'secret', kind: 'Secret', name: 'a', condition: 'failed', reason: 'X' } as const
  const message = `${token} and ${btoa(token)} ${'x'.repeat(5000)}`
  const shown = withoutSecrets({ ...report, message }, token).message
  assert.ok(shown.startsWith('*** and *** x'))
  assert.equal(shown.length, 1000)
})
