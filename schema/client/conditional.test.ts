import assert from 'node:assert/strict'
import test from 'node:test'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { ConditionalRead } from './conditional.ts'
import type { CoreClient, CoreResponse } from './request.ts'

function reading(answers: readonly CoreResponse[]) {
  const etags: (string | undefined)[] = []
  const core: CoreClient = {
    request: async ({ etag }) => answers[etags.push(etag) - 1]!,
  }
  const parse = (body: unknown) => {
    if (body === 'wrong') throw new TypeError('wrong')
    return { body }
  }
  return { etags, read: new ConditionalRead(core, { path: '/thing/' }, parse) }
}

const ok = (body: unknown, etag?: string): CoreResponse => ({ kind: 'ok', status: 200, body, etag })
const NOT_MODIFIED: CoreResponse = { kind: 'not-modified' }

test('what has not changed is the very same value, and is not transferred again', async () => {
  const { read, etags } = reading([ok('a', '"1"'), NOT_MODIFIED, ok('b', '"2"'), NOT_MODIFIED])
  const first = await read.now()
  assert.equal(await read.now(), first)
  assert.deepEqual(await read.now(), { body: 'b' })
  assert.deepEqual(await read.now(), { body: 'b' })
  assert.deepEqual(etags, [undefined, '"1"', '"1"', '"2"'])
})

test('an answer that cannot be understood is not remembered, the one before is', async () => {
  const { read, etags } = reading([ok('a', '"1"'), ok('wrong', '"2"'), NOT_MODIFIED])
  const first = await read.now()
  await assert.rejects(read.now(), TypeError)
  assert.equal(await read.now(), first)
  assert.deepEqual(etags, [undefined, '"1"', '"1"'])
})

test('a core without ETags is asked for everything', async () => {
  const { read, etags } = reading([ok('a'), ok('a')])
  assert.notEqual(await read.now(), await read.now())
  assert.deepEqual(etags, [undefined, undefined])
})

test('"not modified" for what was never sent is no answer', () =>
  assert.rejects(reading([NOT_MODIFIED]).read.now(), CoreUnreachableError))
