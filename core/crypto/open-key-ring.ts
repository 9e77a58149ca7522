import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import type { KeyRing } from './key-ring.ts'

/** A sealed value was changed, moved to another place, or sealed under another `secret_key`. */
export class SealError extends MartelloError {
  override readonly code = 'MRT_SEAL'
}

/** The layout of a sealed text: version, then base64url of salt, nonce, ciphertext and tag. */
const VERSION = 'v1.'
const SALT_OCTETS = 16
const NONCE_OCTETS = 12
const TAG_OCTETS = 16
const OVERHEAD_OCTETS = SALT_OCTETS + NONCE_OCTETS + TAG_OCTETS

/**
 * The key ring of one `secret_key`. Each seal has its own key, derived from a random salt, so that the number
 * of seals is not bounded by the 96 bits of a nonce (NIST SP 800-38D §8.3).
 */
export function openKeyRing(secretKey: Secret): KeyRing {
  const secret = secretKey.reveal()
  const derive = (info: string, lengthOctets: number): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, '', `martello/${info}`, lengthOctets))
  const root = derive('seal/v1', 32)
  const keyOf = (salt: Uint8Array) => createHmac('sha256', root).update(salt).digest()

  return {
    derive,
    hash: (key) => createHash('sha256').update(key).digest('hex'),

    seal(plain, place) {
      const salt = randomBytes(SALT_OCTETS)
      const nonce = randomBytes(NONCE_OCTETS)
      const cipher = createCipheriv('aes-256-gcm', keyOf(salt), nonce).setAAD(Buffer.from(place))
      const text = [cipher.update(plain, 'utf8'), cipher.final()]
      return VERSION + Buffer.concat([salt, nonce, ...text, cipher.getAuthTag()]).toString('base64url')
    },

    unseal(sealed, place) {
      const octets = Buffer.from(sealed.slice(VERSION.length), 'base64url')
      if (!sealed.startsWith(VERSION) || octets.length < OVERHEAD_OCTETS)
        throw new SealError(`${place} does not hold a sealed value`)
      const textAt = SALT_OCTETS + NONCE_OCTETS
      const tagAt = octets.length - TAG_OCTETS
      const decipher = createDecipheriv(
        'aes-256-gcm',
        keyOf(octets.subarray(0, SALT_OCTETS)),
        octets.subarray(SALT_OCTETS, textAt),
      )
      decipher.setAAD(Buffer.from(place)).setAuthTag(octets.subarray(tagAt))
      try {
        return decipher.update(octets.subarray(textAt, tagAt), undefined, 'utf8') + decipher.final('utf8')
      } catch (cause) {
        throw new SealError(`the sealed value of ${place} does not belong there or to this secret_key`, { cause })
      }
    },
  }
}
