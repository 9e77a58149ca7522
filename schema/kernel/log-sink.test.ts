import assert from 'node:assert/strict'
import test from 'node:test'
import { loggerOver } from './log-sink.ts'

/** What an error looks like in a line of the log. */
function logged(cause: Error): string {
  const lines: object[] = []
  const keep = (fields: object) => void lines.push(fields)
  loggerOver({ trace: keep, debug: keep, info: keep, warn: keep, error: keep }).error('it failed', { cause })
  return JSON.stringify(lines)
}

test('an error is logged with its code, its stack and what caused it', () => {
  const line = logged(Object.assign(new TypeError('outer', { cause: new RangeError('inner') }), { code: 'E_X' }))
  for (const part of ['TypeError', 'outer', 'E_X', 'log-sink.test.ts', 'RangeError', 'inner'])
    assert.ok(line.includes(part))
})

test('the values of a failed statement are not logged, wherever the error is', () => {
  const params = ['alice', '$argon2id$v=19$m=1\nsecond line $&']
  const failed = Object.assign(new Error(`Failed query: insert into "users" values ($1, $2)\nparams: ${params}`), {
    query: 'insert',
    params,
  })
  for (const cause of [failed, new Error('outer', { cause: failed })]) {
    const line = logged(cause)
    assert.match(line, /insert into .*users/)
    assert.match(line, /log-sink\.test\.ts/)
    assert.doesNotMatch(line, /alice|argon2id|second line/)
  }
})
