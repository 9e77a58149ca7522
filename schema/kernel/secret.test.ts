import assert from 'node:assert/strict'
import test from 'node:test'
import { format } from 'node:util'
import { Secret } from './secret.ts'

const secret = new Secret('hunter2')
const printed: ReadonlyArray<[how: string, text: string]> = [
  ['template', `${secret}`],
  ['JSON', JSON.stringify({ secret })],
  ['inspect', format('%o %s', { secret }, secret)],
  ['error', new Error('x', { cause: secret }).stack ?? ''],
]
for (const [how, text] of printed) test(`a secret is not printed by ${how}`, () => assert.doesNotMatch(text, /hunter2/))
test('reveal gives the value', () => assert.equal(secret.reveal(), 'hunter2'))
