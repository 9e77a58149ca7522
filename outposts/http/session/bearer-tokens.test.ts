import assert from 'node:assert/strict'
import test from 'node:test'
import type { ProviderSettings } from '#outposts/http/provider-settings.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { BearerTokens } from './bearer-tokens.ts'

const NOW = 1_800_000_000_000
const JWT = 'eyJhbGciOiJub25lIn0.e30.c2lnbmF0dXJl'
const OPAQUE = 'mcbhoAVRIWH8IJdNE5G6l8GdDIyKNr03'
const settings = {
  clientId: 'client',
  clientSecret: 'secret',
  endpoints: { introspection: '/introspect/' },
} as ProviderSettings
const active = {
  active: true,
  token_type: 'Bearer',
  client_id: 'client',
  aud: 'client',
  exp: NOW / 1000 + 3600,
  iat: NOW / 1000,
  sub: 'uid-1',
  preferred_username: 'demo',
}

function answering(body: unknown, status = 200) {
  const asked: unknown[] = []
  const time = { now: NOW }
  const channel = {
    post: async (path: string, form: object) => {
      asked.push([path, form])
      return { status, body }
    },
  }
  const tokens = new BearerTokens(settings, channel, { now: () => time.now })
  return { tokens, asked, time }
}

test('an access token of this provider is somebody, and is asked about once a minute', async () => {
  const { tokens, asked, time } = answering(active)
  const visitor = await tokens.find(JWT)
  assert.equal(visitor?.identity.preferred_username, 'demo')
  assert.equal(await tokens.find(JWT), visitor)
  assert.deepEqual(asked, [['/introspect/', { token: JWT, client_id: 'client', client_secret: 'secret' }]])
  time.now += 60_000
  await tokens.find(JWT)
  assert.equal(asked.length, 2)
})

test('compat: a core that does not tell the type issues access tokens that are signed', async () => {
  const { token_type: _, ...untold } = active
  assert.notEqual(await answering(untold).tokens.find(JWT), undefined)
  assert.equal(await answering(untold).tokens.find(OPAQUE), undefined)
})

const without = (name: keyof typeof active) =>
  Object.fromEntries(Object.entries(active).filter(([key]) => key !== name))
const refused: ReadonlyArray<[what: string, body: unknown, status?: number]> = [
  ['one that is not active', { ...active, active: false }],
  ['one that is only nearly active', { ...active, active: 'true' }],
  ['a refresh token', { ...active, token_type: 'refresh_token' }],
  ['one that is bound to a key', { ...active, token_type: 'DPoP' }],
  ['one for another audience', { ...active, aud: 'other' }],
  ['one for several others', { ...active, aud: ['other', 'clients'] }],
  ['one for nobody in particular', without('aud')],
  ['one of another application', { ...active, client_id: 'other' }],
  ['one without a name', without('preferred_username')],
  ['one with an empty name', { ...active, preferred_username: '' }],
  ['one without a subject', without('sub')],
  ['one with an empty subject', { ...active, sub: '' }],
  ['an error', active, 400],
  ['a text', 'active'],
  ['nothing', undefined],
]
for (const [what, body, status] of refused)
  test(`PX-39: ${what} is nobody's, each time`, async () => {
    const { tokens, asked } = answering(body, status)
    assert.equal(await tokens.find(JWT), undefined)
    assert.equal(await tokens.find(JWT), undefined)
    assert.equal(asked.length, 2)
  })

test('PX-39: what was active before access ended is asked about again', async () => {
  let body: unknown = active
  const channel = {
    post: async () => {
      const before = body
      if (body === active) tokens.clear()
      body = { ...active, active: false }
      return { status: 200, body: before }
    },
  }
  const tokens = new BearerTokens(settings, channel, { now: () => NOW })
  assert.equal(await tokens.find(JWT), undefined)
})

test('a core that ends access with each answer is not taken for an answer', async () => {
  const channel = {
    post: async () => {
      tokens.clear()
      return { status: 200, body: active }
    },
  }
  const tokens = new BearerTokens(settings, channel, { now: () => NOW })
  await assert.rejects(tokens.find(JWT), CoreUnreachableError)
})

test('a core that is away is not taken for an answer', async () => {
  const away = { post: () => Promise.reject(new CoreUnreachableError('away')) }
  await assert.rejects(new BearerTokens(settings, away, { now: () => NOW }).find(JWT), CoreUnreachableError)
})
