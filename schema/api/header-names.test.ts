import assert from 'node:assert/strict'
import test from 'node:test'
import { additionalHeadersProblem, IDENTITY_HEADERS, isIdentityName } from './header-names.ts'

const fine = [
  [],
  ['X-Remote-User', 'Remote_Groups', 'X.Tenant', 'X-Realm', 'Secret-Level', 'Test'],
  Array.from({ length: 32 }, (_, index) => `X-${index}`),
]
for (const names of fine)
  test(`headers may be called ${names.join(', ').slice(0, 80)}`, () =>
    assert.equal(additionalHeadersProblem(names), undefined))

const reserved = [
  ...IDENTITY_HEADERS,
  'x_authentik_username',
  'X.Authentik.Groups',
  'XAuthentikUid',
  'X-authentik-anything',
  'Host',
  'Content-Length',
  'content_length',
  'Content-Type',
  'Connection',
  'Keep-Alive',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'Proxy-Authorization',
  'Proxy-Connection',
  'Expect',
  'Authorization',
  'Cookie',
  'Set-Cookie',
  'Forwarded',
  'X-Forwarded-For',
  'X_Forwarded_User',
  'X-Real-IP',
  'X-Original-URL',
  'X-Accel-Redirect',
  'Sec-WebSocket-Key',
  'Location',
]
const malformed = ['', ' ', 'a b', 'a:b', 'a\r\nb', 'é', '-', '_._', 'x'.repeat(129), 'a,b']
for (const name of [...reserved, ...malformed])
  test(`PX-36: ${JSON.stringify(name)} is refused, and named`, () => {
    const problem = additionalHeadersProblem(['X-Fine', name])
    assert.ok(problem?.startsWith(`"${name}" `), `${problem}`)
  })

const lists: ReadonlyArray<[what: string, names: readonly string[]]> = [
  ['one header in two spellings', ['X-Remote-User', 'x_remote_user']],
  ['too many', Array.from({ length: 33 }, (_, index) => `X-${index}`)],
]
for (const [what, names] of lists)
  test(`PX-36: ${what} are refused`, () => assert.notEqual(additionalHeadersProblem(names), undefined))

for (const name of IDENTITY_HEADERS) test(`${name} tells who is there`, () => assert.ok(isIdentityName(name)))
