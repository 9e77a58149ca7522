import assert from 'node:assert/strict'
import test from 'node:test'
import { IDENTITY_HEADERS } from '#schema/api/header-names.ts'
import { identityShape } from './identity.ts'
import { type HeaderContext, identityHeaders, nobodyHeaders } from './identity-headers.ts'

const context: HeaderContext = {
  jwks: 'http://core/jwks/',
  outpost: 'edge',
  provider: 'sample',
  application: 'sample',
  version: 'v',
  basicAuth: undefined,
  additional: ['X-Remote-User', 'X-Tenant'],
}
const headersOf = (attributes: object, claims: object = {}, change: Partial<HeaderContext> = {}) =>
  identityHeaders(
    identityShape.parse({
      sub: 'uid-1',
      preferred_username: 'demo',
      email: 'demo@example.com',
      ak_proxy: { user_attributes: attributes },
      ...claims,
    }),
    'token',
    { ...context, ...change },
  )
const valuesOf = (name: string, headers: ReturnType<typeof headersOf>) =>
  headers.filter(([each]) => each === name).map(([, value]) => value)

test('PX-07: nobody has every identity header and every additional one, empty', () =>
  assert.deepEqual(
    nobodyHeaders(context),
    [...IDENTITY_HEADERS, 'X-Remote-User', 'X-Tenant'].map((name) => [name, '']),
  ))

test('somebody has every identity header and every additional one, once', () =>
  assert.deepEqual(
    headersOf({}).map(([name]) => name),
    [...IDENTITY_HEADERS, 'X-Remote-User', 'X-Tenant'],
  ))

const given: ReadonlyArray<[what: string, additionalHeaders: unknown, user: string]> = [
  ['a text', { 'X-Remote-User': 'demo' }, 'demo'],
  ['a name in another case', { 'x-remote-user': 'demo' }, 'demo'],
  ['a number', { 'X-Remote-User': 7 }, '7'],
  ['a line break', { 'X-Remote-User': 'a\r\nX-Tenant: b' }, 'aX-Tenant: b'],
  ['PX-05: nothing', {}, ''],
  ['PX-05: no attribute', undefined, ''],
  ['PX-05: a list', { 'X-Remote-User': ['demo'] }, ''],
  ['PX-05: something that is no object', 'X-Remote-User', ''],
]
for (const [what, additionalHeaders, user] of given)
  test(`an additional header from ${what} is "${user}"`, () =>
    assert.deepEqual(valuesOf('X-Remote-User', headersOf({ additionalHeaders })), [user]))

test('PX-36: attributes fill the headers that the provider lists, and no other', () => {
  const additionalHeaders = { 'X-Other': 'a', Host: 'a', Authorization: 'a', 'X-authentik-username': 'akadmin' }
  const headers = headersOf({ additionalHeaders })
  assert.deepEqual(
    headers.map(([name]) => name),
    [...IDENTITY_HEADERS, ...context.additional],
  )
  assert.deepEqual(valuesOf('X-authentik-username', headers), ['demo'])
})

test('an authentik core lists none: then attributes fill nothing', () =>
  assert.deepEqual(
    headersOf({ additionalHeaders: { 'X-Remote-User': 'demo' } }, {}, { additional: [] }).map(([name]) => name),
    [...IDENTITY_HEADERS],
  ))

test('the separator of groups does not come from a name', () =>
  assert.deepEqual(valuesOf('X-authentik-groups', headersOf({}, { groups: ['a|admins', 'b'] })), ['a%7Cadmins|b']))

test('credentials for the application come from attributes, and from nothing without a password', () => {
  const basicAuth = { userAttribute: 'user', passwordAttribute: 'password' }
  const sent = (attributes: object) => valuesOf('Authorization', headersOf(attributes, {}, { basicAuth }))
  assert.deepEqual(sent({ user: 'a', password: 'b' }), [`Basic ${Buffer.from('a:b').toString('base64')}`])
  assert.deepEqual(sent({ user: 'a' }), [])
})
