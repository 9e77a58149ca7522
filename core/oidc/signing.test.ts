import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { generateCertificate } from '#core/crypto/certificates.ts'
import { SigningKeyError, signingKey } from './signing.ts'

const { certificate, key: p256 } = await generateCertificate(
  { commonName: 'x', subjectAltNames: [], validityDays: 1, keyType: 'ec' },
  Date.UTC(2024, 0, 1),
)
const pem = (name: string) =>
  generateKeyPairSync('ec', { namedCurve: name }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

const keys: ReadonlyArray<[name: string, key: string, algorithm: string]> = [
  ['P-256', p256, 'ES256'],
  ['P-384', pem('secp384r1'), 'ES384'],
  ['P-521', pem('secp521r1'), 'ES512'],
  ['Ed25519', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'EdDSA'],
]
for (const [name, key, algorithm] of keys)
  test(`a ${name} key signs with ${algorithm}`, () => {
    const { jwk, ...signing } = signingKey({ certificate, key })
    assert.deepEqual(signing, { algorithm })
    assert.deepEqual([jwk?.alg, jwk?.use, jwk?.x5c?.length], [algorithm, 'sig', 1])
    assert.match(jwk?.kid ?? '', /^[0-9a-f]{32}$/)
  })

test('without a key the client secret signs', () =>
  assert.deepEqual(signingKey({ secret: 'x' }), { algorithm: 'HS256', jwk: undefined }))

for (const signer of [
  { secret: '' },
  { certificate, key: '' },
  { certificate, key: certificate },
  { certificate, key: pem('secp256k1') },
])
  test(`nothing signs with ${JSON.stringify(signer).slice(0, 60)}`, () =>
    assert.throws(() => signingKey(signer), SigningKeyError))
