import assert from 'node:assert/strict'
import test from 'node:test'
import { maskSecrets } from './mask-secrets.ts'

const names: ReadonlyArray<[name: string, masked: boolean]> = [
  ['password', true],
  ['client_secret', true],
  ['key_data', true],
  ['key', true],
  ['bind_password', true],
  ['Authorization', true],
  ['kubeconfig', true],
  ['name', false],
  ['monkey', false],
  ['access_token_validity', false],
  ['password_change_date', false],
]
for (const [name, isMasked] of names)
  test(`${name} is ${isMasked ? '' : 'not '}masked`, () =>
    assert.equal(
      (maskSecrets({ deep: [{ [name]: 'value' }] })['deep'] as Record<string, unknown>[])[0]?.[name],
      isMasked ? '***' : 'value',
    ))
