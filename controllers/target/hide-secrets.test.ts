import assert from 'node:assert/strict'
import test from 'node:test'
import { hideToken } from './hide-secrets.ts'

const TOKEN = 'to/ken"0123456789'
const rows: ReadonlyArray<[what: string, quoted: string]> = [
  ['as it is', TOKEN],
  ['in Base64', btoa(TOKEN)],
  ['in a URL', encodeURIComponent(TOKEN)],
  ['in JSON', JSON.stringify(TOKEN).slice(1, -1)],
]
for (const [what, quoted] of rows)
  test(`CT-12: a token ${what} is not shown`, () =>
    assert.equal(hideToken(`<${quoted}> and <${quoted}>`, TOKEN), '<***> and <***>'))

test('what is shown is bounded, and cut after nothing is left to hide', () => {
  assert.equal(hideToken('x'.repeat(5000), TOKEN).length, 1000)
  assert.equal(hideToken(`${'x'.repeat(995)}${TOKEN}`, TOKEN), `${'x'.repeat(995)}***`)
  assert.equal(hideToken('nothing to hide', ''), 'nothing to hide')
})
