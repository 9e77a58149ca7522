import assert from 'node:assert/strict'
import test from 'node:test'
import { expectedResponse } from './error-response.ts'

/** An error of the database as the query builder gives it on. */
const failed = (code: string) =>
  new Error('Failed query', { cause: Object.assign(new Error('as the database says'), { code }) })
const refused = (more: object) => Object.assign(new Error('said by somebody else'), more)

const table: ReadonlyArray<[what: string, error: unknown, status: number | undefined]> = [
  ['a full disk', failed('53100'), 503],
  ['a database that takes only reads', failed('25006'), 503],
  ['a null character in a text', failed('22021'), 400],
  ['a null character in JSON', failed('22P05'), 400],
  ['a number out of range', failed('22003'), 400],
  ['a statement with a mistake', failed('42601'), undefined],
  ['a connection that broke', failed('EPIPE'), undefined],
  ['octets that are not compressed as they say', refused({ status: 400, code: 'Z_DATA_ERROR' }), 400],
  ['a status of our own fault', refused({ status: 500 }), undefined],
  ['anything else', new Error('whatever'), undefined],
]
for (const [what, error, status] of table)
  test(`${what}: ${status ?? 'unexpected'}`, () => {
    const answer = expectedResponse(error)
    assert.equal(answer?.status, status)
    assert.doesNotMatch(JSON.stringify(answer ?? ''), /Failed query|database says|somebody else/)
  })
