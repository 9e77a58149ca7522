import assert from 'node:assert/strict'
import test from 'node:test'
import { solve } from './solve.ts'

const answers = { username: 'demo', password: 'pw;123456', code: '123456' }
const totp = { device_class: 'totp', device_uid: '3', challenge: {} }
const duo = { device_class: 'duo', device_uid: '4', challenge: {} }
const sms = { device_class: 'sms', device_uid: '5', challenge: {} }

const kinds: ReadonlyArray<[what: string, body: unknown, kind: string]> = [
  ['a redirect', { type: 'redirect', component: 'xak-flow-redirect', to: '/' }, 'passed'],
  ['a redirect without type (2026.2)', { component: 'xak-flow-redirect', to: '/' }, 'passed'],
  ['access denied', { component: 'ak-stage-access-denied' }, 'denied'],
  ['identification', { component: 'ak-stage-identification' }, 'answer'],
  [
    'a wrong password',
    { component: 'ak-stage-password', response_errors: { password: [{ string: 'x', code: 'invalid' }] } },
    'denied',
  ],
  ['a redirect with errors', { component: 'xak-flow-redirect', response_errors: { password: [{}] } }, 'denied'],
  ['empty errors', { component: 'ak-stage-password', response_errors: {} }, 'answer'],
  ['a flow error', { component: 'ak-stage-flow-error', request_id: 'x' }, 'unavailable'],
  ['consent', { component: 'ak-stage-consent', token: 'x' }, 'unavailable'],
  ['a prototype name', { component: 'constructor' }, 'unavailable'],
  ['HTML', '<html>', 'unavailable'],
  ['nothing', undefined, 'unavailable'],
  ['null', null, 'unavailable'],
  ['half a challenge', { type: 'native' }, 'unavailable'],
  ['a list', [{ component: 'xak-flow-redirect' }], 'unavailable'],
  ['sms only', { component: 'ak-stage-authenticator-validate', device_challenges: [sms] }, 'denied'],
]
for (const [what, body, kind] of kinds)
  test(`LD-24: ${what} is ${kind}`, () => assert.equal(solve(body, answers).kind, kind))

test('a code goes to a code device, whatever else is listed', () =>
  assert.deepEqual(
    solve({ component: 'ak-stage-authenticator-validate', device_challenges: [duo, sms, totp] }, answers),
    {
      kind: 'answer',
      body: { component: 'ak-stage-authenticator-validate', selected_challenge: totp, code: '123456' },
    },
  ))

test('without a code Duo is asked', () =>
  assert.deepEqual(
    solve(
      { component: 'ak-stage-authenticator-validate', device_challenges: [totp, duo] },
      { username: 'a', password: 'b' },
    ),
    { kind: 'answer', body: { component: 'ak-stage-authenticator-validate', selected_challenge: duo, duo: 4 } },
  ))
