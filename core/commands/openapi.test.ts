import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { martello } from '#test/support/martello.ts'
import { DOCUMENT, documentText } from './openapi.ts'

test('the checked-in OpenAPI document is what the declarations give; `npx martello openapi --write` makes it so', async () =>
  assert.ok(readFileSync(DOCUMENT, 'utf8') === (await documentText())))

test('the document is written to the output', async () => {
  const { code, stdout, stderr } = martello(['openapi'])
  assert.deepEqual([code, stderr], [0, ''])
  assert.ok(stdout === (await documentText()))
})

const usages: ReadonlyArray<[args: string, code: number]> = [
  ['openapi --help', 0],
  ['openapi --write --help', 0],
  ['openapi nonsense', 2],
  ['openapi --write nonsense', 2],
]
for (const [args, code] of usages)
  test(`martello ${args} tells how it is used, and ends with ${code}`, () => {
    const run = martello(args.split(' '))
    assert.equal(run.code, code)
    assert.match(code === 0 ? run.stdout : run.stderr, /^usage: martello openapi/)
    assert.equal(code === 0 ? run.stderr : run.stdout, '')
  })
