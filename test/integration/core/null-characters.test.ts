import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Logger, silentLogger } from '#schema/kernel/logger.ts'
import { CookieJar } from '#test/support/browser.ts'
import { ADMIN_TOKEN, startCore, type TestCore } from '#test/support/core.ts'
import { newApplication } from '#test/support/granted-access.ts'
import { executorUrl, signIn } from '#test/support/sign-in.ts'

suite('what no column of the database can hold', () => {
  const failures: string[] = []
  const log: Logger = { ...silentLogger, error: (event) => void failures.push(event), child: () => log }
  let core: TestCore
  before(async () => {
    core = await startCore({ log })
    await newApplication(core, 'app')
  })
  after(async () => {
    await core[Symbol.asyncDispose]()
    assert.deepEqual(failures, [], 'nothing is taken for a failure of our own')
  })

  const admin = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const json = { ...admin, 'content-type': 'application/json' }
  const basic = (id: string) => ({ authorization: `Basic ${Buffer.from(id).toString('base64')}` })
  const nameless = `x.${Buffer.from(JSON.stringify({ azp: 'a\0b' })).toString('base64url')}.x`
  const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) })
  const post = (body: string, more: Record<string, string> = {}) => ({
    method: 'POST',
    headers: { ...json, ...more },
    body,
  })
  const code = { grant_type: 'authorization_code', code: 'x', client_secret: 'x' }
  const attributes = (value: string) => `{"name":"a group","attributes":{"a":${value}}}`
  const INVALID_CLIENT = /"error":"invalid_client"/
  const INVALID_REQUEST = /"error":"invalid_request"/
  const NO_PK = /"users":\["Invalid pk \\"2147483648\\" - object does not exist\."\]/

  const table: ReadonlyArray<[path: string, init: RequestInit, status: number, said: RegExp]> = [
    ['/application/o/authorize/?client_id=%00', {}, 400, /No application/],
    ['/application/o/authorize/?client_id=app&nonce=%00', {}, 400, /not valid/],
    ['/application/o/%00/', { headers: { accept: 'text/html' } }, 400, /<h1>Request refused/],
    ['/application/o/authorize/', form({ client_id: 'a\0b' }), 400, /No application/],
    ['/application/o/token/', form({ ...code, client_id: 'a\0b' }), 401, INVALID_CLIENT],
    ['/application/o/token/', { ...form(code), headers: basic('a\0b:x') }, 401, INVALID_CLIENT],
    ['/application/o/token/', { ...form(code), headers: basic('a%00b:x') }, 401, INVALID_CLIENT],
    ['/application/o/introspect/', form({ token: 'x', client_id: '\0' }), 401, INVALID_CLIENT],
    ['/application/o/revoke/', form({ token: 'x', client_id: '\0' }), 401, INVALID_CLIENT],
    ['/application/o/userinfo/', { headers: { authorization: `Bearer ${nameless}` } }, 401, /"error":"invalid_token"/],
    ['/application/o/%00/.well-known/openid-configuration', {}, 400, INVALID_REQUEST],
    ['/application/o/%E0%A4/.well-known/openid-configuration', {}, 400, INVALID_REQUEST],
    ['/application/o/%00/jwks/', {}, 400, INVALID_REQUEST],
    ['/application/o/interaction/%00/', {}, 400, INVALID_REQUEST],
    ['/if/flow/%00/', {}, 400, /null character/],
    ['/if/flow/%00/', { headers: { accept: 'text/html' } }, 400, /<h1>/],
    ['/if/flow/%E0%A4/', {}, 400, /cannot be decoded/],
    ['/if/flow/default-authentication-flow/?next=%00', {}, 200, /<form/],
    ['/api/v3/flows/executor/%00/', {}, 400, /null character/],
    ['/api/v3/core/applications/a%00b/', { headers: admin }, 400, /null character/],
    ['/api/v3/core/users/?username=a%00b', { headers: admin }, 400, /"username":\["Null characters/],
    ['/api/v3/core/users/?attributes={"a":"\\u0000"}', { headers: admin }, 400, /"attributes":\["Null characters/],
    ['/api/v3/core/users/?attributes={"\\u0000":1}', { headers: admin }, 400, /"attributes":\["Null characters/],
    ['/api/v3/core/users/?attributes={"a":1e400}', { headers: admin }, 400, /"attributes":\[".*number/],
    ['/api/v3/core/groups/', post('{"name":"a group","users":[2147483648]}'), 400, NO_PK],
    ['/api/v3/core/groups/', post('{"name":"a group","users":[-1]}'), 400, /Invalid pk/],
    ['/api/v3/core/groups/', post(attributes('1e400')), 400, /"attributes":\[".*number/],
    ['/api/v3/core/groups/', post(attributes('[{"b":-1e999}]')), 400, /"attributes":\[".*number/],
    ['/api/v3/core/groups/', post(attributes('1e300').replace('a group', 'a large one')), 201, /"a":1e\+?300/],
    ['/api/v3/core/groups/', post('not gzip', { 'content-encoding': 'gzip' }), 400, /cannot be decoded/],
    ['/api/v3/core/groups/', post('not deflate', { 'content-encoding': 'deflate' }), 400, /cannot be decoded/],
    ['/api/v3/core/groups/', post('not brotli', { 'content-encoding': 'br' }), 400, /cannot be decoded/],
    ['/application/o/token/', { ...form(code), headers: { 'content-encoding': 'gzip' } }, 400, INVALID_REQUEST],
  ]
  for (const [path, init, status, said] of table)
    test(`${init.method ?? 'GET'} ${path} ${String(init.body ?? '').slice(0, 60)}: ${status}`, async () => {
      const answer = await fetch(core.url + path, init)
      const text = await answer.text()
      assert.equal(answer.status, status, text)
      assert.match(text, said)
    })

  test('a name with a null character is one that nobody has, at each step and in the audit log', async () => {
    const steps = async (username: string) => {
      const jar = new CookieJar()
      const first = await signIn(core, jar, { username, password: 'wrong' })
      const now = await jar.step(executorUrl(core))
      return [first.component, first.response_errors, now.body.component]
    }
    const unknown = await steps('nobody')
    assert.equal(unknown[0], 'ak-stage-password')
    for (const username of ['demo\0', 'de\0mo', '\0', 'demo\ud800'])
      assert.deepEqual(await steps(username), unknown, JSON.stringify(username))
    const { body } = await core.api('GET', '/events/events/?action=login_failed')
    assert.equal(body.pagination.count, 5)
  })

  test('a name that is shown with a replacement is not the name of whoever has that', async () => {
    const username = 'a\ufffdb'
    const { body: user } = await core.api('POST', '/core/users/', { username, name: 'x' })
    const password = 'A-Password-Of-Tests-1!'
    await core.api('POST', `/core/users/${user.pk}/set_password/`, { password })
    assert.equal((await signIn(core, new CookieJar(), { username, password })).component, 'xak-flow-redirect')
    const other = await signIn(core, new CookieJar(), { username: 'a\0b', password })
    assert.equal(other.component, 'ak-stage-password')
  })
})
