import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { DOCUMENT, documentText } from './openapi.ts'

test('the checked-in OpenAPI document is what the declarations give; `npx martello openapi --write` makes it so', () =>
  assert.ok(readFileSync(DOCUMENT, 'utf8') === documentText()))
