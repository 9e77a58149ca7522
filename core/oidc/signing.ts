import { X509Certificate } from 'node:crypto'
import type { JWK } from 'jose'
import { keyId, readPrivateKey } from '#core/crypto/certificates.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { IdTokenAlgorithm } from './urls.ts'

/** A provider has nothing that its tokens can be signed with. */
export class SigningKeyError extends MartelloError {
  override readonly code = 'MRT_SIGNING_KEY'
}

/** How a provider signs. */
export interface SigningKey {
  readonly algorithm: IdTokenAlgorithm
  /** The private key with its public names; undefined for HS256, whose key is the client secret. */
  readonly jwk: JWK | undefined
}

const BY_CURVE: Readonly<Record<string, IdTokenAlgorithm>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }

/** What there is to sign with: a client secret, or a certificate with its key (PEM). */
export type Signer = { readonly secret: string } | { readonly certificate: string; readonly key: string }

/** How a provider signs: with its certificate-key pair (PEM), else with its client secret. */
export function signingKey(signer: Signer): SigningKey {
  if ('secret' in signer) {
    if (signer.secret === '') throw new SigningKeyError('there is neither a signing key nor a client secret')
    return { algorithm: 'HS256', jwk: undefined }
  }
  const key = readPrivateKey(signer.key)
  const exported = key?.export({ format: 'jwk' }) as JWK | undefined
  const algorithm = algorithmOf(exported)
  if (exported === undefined || algorithm === undefined) throw new SigningKeyError('the signing key cannot be used')
  const leaf = new X509Certificate(signer.certificate)
  return {
    algorithm,
    jwk: { ...exported, kid: keyId(signer.key), alg: algorithm, use: 'sig', x5c: [leaf.raw.toString('base64')] },
  }
}

function algorithmOf(key: JWK | undefined): IdTokenAlgorithm | undefined {
  switch (key?.kty) {
    case 'RSA':
      return 'RS256'
    case 'EC':
      return BY_CURVE[key.crv ?? '']
    case 'OKP':
      return key.crv === 'Ed25519' ? 'EdDSA' : undefined
    default:
      return undefined
  }
}
