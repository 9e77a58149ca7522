import assert from 'node:assert/strict'
import test from 'node:test'
import { isIdentityName } from '#schema/api/header-names.ts'
import { upstreamHeaders } from './upstream-headers.ts'

const options = { own: [['X-authentik-username', 'demo']] as const, keepsAuthorization: false, keepsForwarded: false }
const pairs = (flat: readonly string[]) =>
  Array.from({ length: flat.length / 2 }, (_, index) => `${flat[2 * index]}: ${flat[2 * index + 1]}`)

const aliases = [
  'X-Authentik-Username',
  'x_authentik_username',
  'X.Authentik.Username',
  'X-authentik_username',
  'x-authentik-USERNAME',
  'XAuthentikUsername',
  'X-Authentik-Groups',
  'x_authentik_anything',
]
for (const name of aliases)
  test(`PX-05: ${name} of a client does not reach the application`, () => {
    assert.equal(isIdentityName(name), true)
    assert.deepEqual(pairs(upstreamHeaders([name, 'akadmin', name, 'root'], options)), ['X-authentik-username: demo'])
  })

const additional = ['X-Remote-User', 'x-remote-user', 'X_Remote_User', 'X.Remote.User', 'x-REMOTE_user', 'XRemoteUser']
for (const name of additional)
  test(`PX-05: ${name} of a client does not reach the application, which is told that there is none`, () => {
    const own = [['X-Remote-User', '']] as const
    assert.deepEqual(pairs(upstreamHeaders([name, 'admin', 'X-Other', 'a'], { ...options, own })), [
      'X-Other: a',
      'X-Remote-User: ',
    ])
  })

test('PX-06: Connection takes away neither our Authorization nor one that is kept', () => {
  const raw = ['Connection', 'Authorization', 'Authorization', 'Bearer of-the-client']
  const own = [['Authorization', 'Basic YTpi']] as const
  assert.deepEqual(pairs(upstreamHeaders(raw, { ...options, own })), ['Authorization: Basic YTpi'])
  assert.deepEqual(pairs(upstreamHeaders(raw, { ...options, own, keepsAuthorization: true })), [
    'Authorization: Basic YTpi',
  ])
  assert.deepEqual(pairs(upstreamHeaders(raw, { ...options, own: [], keepsAuthorization: true })), [
    'Authorization: Bearer of-the-client',
  ])
})

test('PX-06: Connection cannot take away what we set', () =>
  assert.deepEqual(
    pairs(
      upstreamHeaders(['Connection', 'X-authentik-username, X-Custom, Host', 'X-Custom', 'a', 'Host', 'app'], options),
    ),
    ['Host: app', 'X-authentik-username: demo'],
  ))

const dropped: ReadonlyArray<[what: string, headers: readonly string[]]> = [
  [
    'headers of one hop',
    ['Keep-Alive', 'x', 'TE', 'trailers', 'Proxy-Authorization', 'y', 'Transfer-Encoding', 'chunked'],
  ],
  ['PX-39: the Authorization of the client', ['Authorization', 'Bearer x']],
  [
    'what a client says about where it comes from',
    ['X-Forwarded-For', '1.2.3.4', 'Forwarded', 'for=x', 'X-Real-IP', '1', 'X-Original-URL', 'http://x/'],
  ],
  ['our own cookies', ['Cookie', 'authentik_proxy_12345678=secret']],
]
for (const [what, headers] of dropped)
  test(`${what} end here`, () =>
    assert.deepEqual(pairs(upstreamHeaders(headers, options)), ['X-authentik-username: demo']))

test('other cookies stay', () =>
  assert.deepEqual(pairs(upstreamHeaders(['Cookie', 'a=1; authentik_proxy_1=x; b=2'], { ...options, own: [] })), [
    'Cookie: a=1; b=2',
  ]))
