import assert from 'node:assert/strict'
import test from 'node:test'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import type { Endpoints } from '#outposts/http/codec/endpoints.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { IdTokens } from './id-token.ts'

const NOW = 1_800_000_000
const SECRET = 'client-secret-of-this-provider-0123456789'
const ISSUER = 'https://core.example/application/o/app/'
const NONCE = 'nonce-of-this-sign-in'
const kid = 'key-1'
const own = await generateKeyPair('RS256', { extractable: true })
const curve = await generateKeyPair('ES256', { extractable: true })
const foreign = await generateKeyPair('RS256')
const keys = {
  keys: [
    { ...(await exportJWK(own.publicKey)), kid, alg: 'RS256' },
    { ...(await exportJWK(curve.publicKey)), kid: 'key-2', alg: 'ES256' },
  ],
}

const claims: JWTPayload = {
  iss: ISSUER,
  aud: 'client',
  iat: NOW - 1,
  exp: NOW + 3600,
  sub: 'uid-1',
  nonce: NONCE,
  preferred_username: 'demo',
}
const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))
const symmetric = (text: string) => new TextEncoder().encode(text)
const rs256 = (payload: JWTPayload = claims, { privateKey = own.privateKey, header = {} } = {}) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(privateKey)
const hs256 = (payload: JWTPayload = claims, secret = SECRET) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(symmetric(secret))

/** The tokens of a provider that signs with this algorithm. */
function verifier(algorithm: 'RS256' | 'ES256' | 'HS256', get: (path: string) => Promise<unknown> = async () => keys) {
  const endpoints = { issuer: ISSUER, keys: '/jwks/', algorithms: [algorithm] } as unknown as Endpoints
  const channel = { get: async (path: string) => ({ status: 200, body: await get(path) }) }
  return new IdTokens({ clientId: 'client', clientSecret: SECRET, endpoints }, channel, { now: () => NOW * 1000 })
}

const good: ReadonlyArray<[algorithm: 'RS256' | 'ES256' | 'HS256', token: string]> = [
  ['RS256', await rs256()],
  ['ES256', await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'key-2' }).sign(curve.privateKey)],
  ['HS256', await hs256()],
  ['RS256', await rs256({ ...claims, aud: ['client', 'another'] })],
]
for (const [algorithm, token] of good)
  test(`an id token that is right is believed (${algorithm})`, async () => {
    const verified = await verifier(algorithm).verify(token, NONCE)
    assert.equal(verified.kind, 'ok')
    assert.equal(verified.identity.preferred_username, 'demo')
    assert.deepEqual([verified.issuedAt, verified.expires], [(NOW - 1) * 1000, (NOW + 3600) * 1000])
  })

const [head = '', payload = '', signature = ''] = (await rs256()).split('.')
const changed = Buffer.from(JSON.stringify({ ...claims, preferred_username: 'akadmin' })).toString('base64url')
const ALGORITHM = '"alg"'
const SIGNATURE = 'signature verification failed'
const bad: ReadonlyArray<[what: string, token: string, reason: string, algorithm?: 'RS256' | 'HS256']> = [
  ['the nonce of another sign-in', await rs256({ ...claims, nonce: 'another' }), 'nonce'],
  ['no nonce', await rs256(without('nonce')), 'nonce'],
  ['the signature of another key', await rs256(claims, { privateKey: foreign.privateKey }), SIGNATURE],
  ['a key that nobody published', await rs256(claims, { header: { kid: 'key-9' } }), 'no applicable key'],
  ['another audience', await rs256({ ...claims, aud: 'other' }), '"aud"'],
  ['no audience', await rs256(without('aud')), '"aud"'],
  ['another issuer', await rs256({ ...claims, iss: 'https://core.example/application/o/other/' }), '"iss"'],
  ['no issuer', await rs256(without('iss')), '"iss"'],
  ['alg none', new UnsecuredJWT(claims).encode(), ALGORITHM],
  ['alg none and a signature', `${new UnsecuredJWT(claims).encode()}${signature}`, ALGORITHM],
  ['its time over', await rs256({ ...claims, exp: NOW - 31 }), '"exp"'],
  ['no end', await rs256(without('exp')), '"exp"'],
  ['a beginning in the future', await rs256({ ...claims, nbf: NOW + 31 }), '"nbf"'],
  ['no time of issue', await rs256(without('iat')), '"iat"'],
  ['no subject', await rs256(without('sub')), '"sub"'],
  ['no user name', await rs256(without('preferred_username')), 'preferred_username'],
  ['an empty user name', await rs256({ ...claims, preferred_username: '' }), 'preferred_username'],
  ['changed claims', `${head}.${changed}.${signature}`, SIGNATURE],
  ['no signature', `${head}.${payload}.`, SIGNATURE],
  ['the client secret for a key', await hs256(), ALGORITHM],
  ['the public key for a secret', await hs256(claims, await exportSPKI(own.publicKey)), ALGORITHM],
  ['another secret', await hs256(claims, 'another-secret-0123456789-0123456789'), SIGNATURE, 'HS256'],
  ['alg none where a secret signs', new UnsecuredJWT(claims).encode(), ALGORITHM, 'HS256'],
  ['a key where a secret signs', await rs256(), ALGORITHM, 'HS256'],
  ['nothing that is a token', 'x', 'Invalid'],
]
for (const [what, token, reason, algorithm = 'RS256'] of bad)
  test(`an id token with ${what} is refused`, async () => {
    const verified = await verifier(algorithm).verify(token, NONCE)
    assert.equal(verified.kind, 'refused')
    assert.ok(verified.reason.includes(reason), verified.reason)
  })

test('keys are asked for once, and what is no key set signs nothing', async () => {
  const asked: string[] = []
  const tokens = verifier('RS256', async (path) => {
    asked.push(path)
    return keys
  })
  for (let time = 0; time < 2; time++) await tokens.verify(await rs256(), NONCE)
  assert.deepEqual(asked, ['/jwks/'])
  for (const body of [undefined, {}, { keys: [] }])
    assert.equal((await verifier('RS256', async () => body).verify(await rs256(), NONCE)).kind, 'refused')
})

test('a core that is away is told apart from a token that is wrong', async () =>
  assert.rejects(
    verifier('RS256', () => Promise.reject(new CoreUnreachableError('away'))).verify(await rs256(), NONCE),
    CoreUnreachableError,
  ))
