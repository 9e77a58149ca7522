import assert from 'node:assert/strict'
import test from 'node:test'
import { CoreRefusedError, CoreUnreachableError } from '#schema/kernel/errors.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { createCoreClient, type HttpRequest, type HttpResponse } from './core-client.ts'

const answer = (status: number, text = '{}'): HttpResponse => ({ status, text, etag: undefined })

function client(answers: ReadonlyArray<HttpResponse | Error>) {
  const seen: HttpRequest[] = []
  const transport = async (request: HttpRequest) => {
    const next = answers[seen.length]!
    seen.push(request)
    if (next instanceof Error) throw next
    return next
  }
  const options = {
    host: new URL('https://example.com/auth'),
    token: new Secret('t'),
    random: () => 0,
    sleep: async () => {},
  }
  return { seen, core: createCoreClient(transport, options) }
}

test('a request carries the token, the whole base path and repeated query values', async () => {
  const { seen, core } = client([answer(200)])
  await core.request({
    path: '/core/users/',
    query: { page: 2, groups_by_name: ['a', 'b'], search: undefined },
    etag: 'W/"1"',
  })
  const [{ url, headers }] = seen as [HttpRequest]
  assert.equal(url.href, 'https://example.com/auth/api/v3/core/users/?page=2&groups_by_name=a&groups_by_name=b')
  assert.equal(headers['authorization'], 'Bearer t')
  assert.equal(headers['if-none-match'], 'W/"1"')
})

test('GET is tried three times while the core is out of reach', async () => {
  const { seen, core } = client([new Error('reset'), answer(503), answer(200, '{"a":1}')])
  assert.deepEqual(await core.request({ path: '/x/' }), { kind: 'ok', status: 200, body: { a: 1 }, etag: undefined })
  assert.equal(seen.length, 3)
})

test('a POST is sent once', async () => {
  const { seen, core } = client([new Error('reset'), answer(200)])
  await assert.rejects(core.request({ method: 'POST', path: '/x/', body: {} }), CoreUnreachableError)
  assert.equal(seen.length, 1)
})

const refusals: ReadonlyArray<[what: string, response: HttpResponse, error: new (...args: never[]) => Error]> = [
  ['403', answer(403, '{"detail":"no"}'), CoreRefusedError],
  ['a redirect', answer(302, ''), CoreUnreachableError],
  ['HTML', answer(200, '<html>'), CoreUnreachableError],
  ['half a body', answer(200, '{"results": ['), CoreUnreachableError],
]
for (const [what, response, error] of refusals)
  test(`${what} is no answer to go by`, () =>
    assert.rejects(client([response, response, response]).core.request({ path: '/x/' }), error))

test('nothing has changed', async () =>
  assert.deepEqual(await client([answer(304, '')]).core.request({ path: '/x/' }), { kind: 'not-modified' }))

const wordless: ReadonlyArray<[what: string, response: Error | HttpResponse, detail: string]> = [
  ['no answer', new Error('refused'), 'the core at https://example.com/auth does not answer'],
  ['HTML', answer(200, '<html>'), 'the core at https://example.com/auth answered 200, but not with JSON'],
]
for (const [what, response, detail] of wordless)
  test(`${what} is told with the address of the core`, () =>
    assert.rejects(client([response, response, response]).core.request({ path: '/x/' }), { detail }))
