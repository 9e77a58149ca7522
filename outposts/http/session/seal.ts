import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { z } from 'zod'

const CIPHER = 'aes-256-gcm'
const KEY_OCTETS = 32
const NONCE_OCTETS = 12
const TAG_OCTETS = 16
const MAX_OPEN_OCTETS = 128 * 1024

/**
 * Seals statements for this provider: whoever holds the cookie secret (every replica) opens them, nobody else reads,
 * changes or makes one. `purpose` keeps statements of one sort from passing as another.
 */
export class Seal<T> {
  readonly #key: Uint8Array
  readonly #shape: z.ZodType<T>

  constructor({ secret, purpose, owner }: { secret: string; purpose: string; owner: string }, shape: z.ZodType<T>) {
    this.#key = new Uint8Array(hkdfSync('sha256', secret, '', `martello proxy ${purpose} ${owner}`, KEY_OCTETS))
    this.#shape = shape
  }

  /** Base64url text. */
  seal(statement: T): string {
    const nonce = randomBytes(NONCE_OCTETS)
    const cipher = createCipheriv(CIPHER, this.#key, nonce)
    const clear = deflateRawSync(JSON.stringify(statement))
    return Buffer.concat([nonce, cipher.update(clear), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  /** The statement; undefined for whatever was not sealed with this key for this purpose. */
  open(text: string): T | undefined {
    const sealed = Buffer.from(text, 'base64url')
    if (sealed.length < NONCE_OCTETS + TAG_OCTETS) return undefined
    // One statement has one text: the decoder passes over what does not belong there.
    if (sealed.toString('base64url') !== text) return undefined
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, sealed.subarray(0, NONCE_OCTETS), {
        authTagLength: TAG_OCTETS,
      })
      decipher.setAuthTag(sealed.subarray(-TAG_OCTETS))
      const clear = Buffer.concat([decipher.update(sealed.subarray(NONCE_OCTETS, -TAG_OCTETS)), decipher.final()])
      const json = inflateRawSync(clear, { maxOutputLength: MAX_OPEN_OCTETS }).toString()
      return this.#shape.safeParse(JSON.parse(json)).data
    } catch {
      return undefined
    }
  }
}
