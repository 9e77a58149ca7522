import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { WebSocket } from 'ws'
import { until } from '#test/support/engines/process.ts'
import { HttpFleet, Visitor } from '#test/support/http-fleet.ts'

let fleet: HttpFleet
let provider: string
const cookies: Record<string, string> = { nobody: '' }

before(async () => {
  fleet = await HttpFleet.start({
    app: { additional_headers: ['X-Remote-User', 'X-Tenant'], skip_path_regex: '/public(/.*)?' },
  })
  const { core } = fleet
  const keyOf = async (path: string) => {
    const { body } = await core.api('GET', path)
    return body.results[0].pk
  }
  provider = `/providers/proxy/${await keyOf('/providers/proxy/?name__iexact=app')}/`
  const reserved = {
    'X-authentik-username': 'akadmin',
    Host: 'evil.example',
    Authorization: 'Basic evil',
    'X-Other': 'x',
  }
  const attributes = { additionalHeaders: { 'x-remote-user': 'demo', ...reserved } }
  await core.api('PATCH', `/core/users/${await keyOf('/core/users/?username=demo')}/`, { attributes })
  const tenant = { additionalHeaders: { 'X-Tenant': 'blue' } }
  await core.api('PATCH', `/core/groups/${await keyOf('/core/groups/?name=staff')}/`, { attributes: tenant })
  for (const username of ['demo', 'guest']) {
    const visitor = new Visitor(fleet)
    await visitor.signIn(undefined, { username })
    cookies[username] = visitor.cookie()
  }
})
after(() => fleet[Symbol.asyncDispose]())

const SPELLINGS = ['X-Remote-User', 'x_remote_user', 'X.Remote.User', 'X-Remote_User', 'XRemoteUser']
  .concat(['X-Tenant', 'X_TENANT', 'x.tenant'])
  .map((name) => [name, 'forged'])
const FORGED: Readonly<Record<string, string>> = Object.fromEntries(SPELLINGS)

/** Who asks for which path, and what the application is told. */
const CASES: ReadonlyArray<[who: string, path: string, user: string, tenant: string, username: string]> = [
  ['demo', '/', 'demo', 'blue', 'demo'],
  ['guest', '/', '', '', 'guest'],
  ['nobody', '/public/a', '', '', ''],
  ['demo', '/public/a', 'demo', 'blue', 'demo'],
]
const told = (headers: Readonly<Record<string, string | readonly string[] | undefined>> = {}) =>
  ['x-remote-user', 'x-tenant', 'x-authentik-username', 'x-other', 'authorization'].map((name) => headers[name])

for (const [who, path, user, tenant, username] of CASES) {
  const expected = [user, tenant, username, undefined, undefined]
  const headers = () => ({ ...FORGED, cookie: cookies[who]! })
  suite(`PX-05, PX-36: ${who} at ${path}`, () => {
    test('in proxy mode', async () => {
      await fleet.ask(path, { headers: headers() })
      assert.deepEqual(told(fleet.seen?.headers), expected)
      assert.equal(fleet.seen?.headers.host, fleet.host('app'))
      assert.doesNotMatch(fleet.seen!.raw.join('\n'), /forged|evil/)
    })

    test('with a WebSocket', async () => {
      const socket = await fleet.upgrade(path, headers())
      assert.ok(socket instanceof WebSocket)
      assert.deepEqual(told(fleet.seen?.headers), expected)
      assert.doesNotMatch(fleet.seen!.raw.join('\n'), /forged|evil/)
      socket.close()
      await once(socket, 'close')
    })

    const forwarded = () => ({
      'x-forwarded-proto': 'http',
      'x-forwarded-host': fleet.host('app'),
      'x-forwarded-uri': path,
    })
    const dialects: ReadonlyArray<[dialect: string, described: () => Record<string, string>]> = [
      ['nginx', () => ({ 'x-original-url': `http://${fleet.host('app')}${path}` })],
      ['traefik', forwarded],
      ['caddy', forwarded],
      [`envoy${path}`, () => ({})],
    ]
    for (const [dialect, described] of dialects)
      test(`in the answer to ${dialect}`, async () => {
        const answer = await fleet.ask(`/outpost.goauthentik.io/auth/${dialect}`, {
          headers: { ...headers(), ...described() },
        })
        assert.equal(answer.status, 200)
        assert.deepEqual(told(answer.headers), expected)
      })
  })
}

suite('what the core keeps', () => {
  const refused: ReadonlyArray<[value: unknown, problem: string]> = [
    [['X-Fine', 'X_authentik.username'], '"X_authentik.username" has a meaning of its own.'],
    [['Host'], '"Host" has a meaning of its own.'],
    [['Content-Length'], '"Content-Length" has a meaning of its own.'],
    [['connection'], '"connection" has a meaning of its own.'],
    [['Authorization'], '"Authorization" has a meaning of its own.'],
    [['Cookie'], '"Cookie" has a meaning of its own.'],
    [['X-Forwarded-User'], '"X-Forwarded-User" has a meaning of its own.'],
    [['a b'], '"a b" is not the name of a header.'],
    [['X-A', 'x_a'], '"x_a" is another spelling of a header that is named before.'],
    ['X-Remote-User', 'Expected a list of items but got type "str".'],
  ]
  for (const [value, problem] of refused)
    test(`PX-36: ${JSON.stringify(value)} is refused`, async () => {
      const { status, body } = await fleet.core.api('PATCH', provider, { additional_headers: value })
      assert.equal(status, 400)
      assert.deepEqual(body, { additional_headers: [problem] })
    })

  test('PX-36: a header that is listed no more comes from nobody', async () => {
    const { body } = await fleet.core.api('PATCH', provider, { additional_headers: ['X-Tenant'] })
    assert.deepEqual(body.additional_headers, ['X-Tenant'])
    await until('the outpost knows', async () => {
      await fleet.ask('/', { headers: { cookie: cookies['demo']! } })
      return fleet.seen?.headers['x-remote-user'] === undefined
    })
    assert.equal(fleet.seen?.headers['x-tenant'], 'blue')
  })
})
