// MD5 (RFC 1321) and HMAC-MD5 (RFC 2104) over a hundred octets, six digests for each request: the cost of a request is
// the cost of calling OpenSSL. `crypto.hash` with a string for its result is the cheapest such call, a third of
// `createHash`, and it leaves no native object to the collector (decisions/2026-11-26-one-shot-hashes.md).
import { hash } from 'node:crypto'

const BLOCK_OCTETS = 64
const DIGEST_OCTETS = 16
const INNER = 0x36
const OUTER = 0x5c

/** The 16 octets of the digest. */
export const md5 = (text: Uint8Array): Uint8Array => Buffer.from(hash('md5', text, 'binary'), 'binary')

/** The keyed digest. */
export function hmacMd5(key: Uint8Array, text: Uint8Array): Uint8Array {
  const short = key.length > BLOCK_OCTETS ? md5(key) : key
  const inner = behindKey(short, INNER, text.length)
  inner.set(text, BLOCK_OCTETS)
  const outer = behindKey(short, OUTER, DIGEST_OCTETS)
  outer.write(hash('md5', inner, 'binary'), BLOCK_OCTETS, 'binary')
  return md5(outer)
}

/** A block of the key, filled up with zeroes and every octet XORed with the mark, and room for this much behind it. */
function behindKey(key: Uint8Array, mark: number, octets: number): Buffer {
  const buffer = Buffer.allocUnsafe(BLOCK_OCTETS + octets).fill(mark, 0, BLOCK_OCTETS)
  for (let i = 0; i < key.length; i++) buffer[i] = key[i]! ^ mark
  return buffer
}
