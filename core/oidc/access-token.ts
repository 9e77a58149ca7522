import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import type { KeyRing } from '#core/crypto/key-ring.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { ApplicationSettings } from './application-settings.ts'

/** The type that keeps an access token from being taken for an id token (RFC 9068 §2.1, OA-14). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'

/** Signs access tokens, which are JWTs for those who read them, and opaque to us: they are looked up by their hash. */
export function accessTokenSigner({
  signing,
  clientSecret,
}: ApplicationSettings): (claims: JsonObject) => Promise<string> {
  const { algorithm: alg, jwk } = signing
  const key: KeyObject =
    jwk === undefined
      ? createSecretKey(Buffer.from(clientSecret.reveal()))
      : createPrivateKey({ key: jwk as JsonObject, format: 'jwk' })
  const header = { alg, typ: ACCESS_TOKEN_TYPE, ...(jwk?.kid === undefined ? {} : { kid: jwk.kid }) }
  return (claims) => new SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** The id under which a presented token is stored: a JWT's hash, anything else as it is. */
export function storedTokenId(keys: KeyRing, token: string): string {
  return token.includes('.') ? keys.hash(token) : token
}
