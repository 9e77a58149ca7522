// User-Password (RFC 2865 §5.2): blocks of 16 octets, each XORed with MD5(secret + the block before, or the
// Request Authenticator for the first), padded with NUL. The hiding has no check of its own: a wrong secret
// gives garbage, not an error.
import { md5 } from './md5.ts'
import { RadiusEncodeError } from './radius-encode-error.ts'

const BLOCK_OCTETS = 16
const MAX_OCTETS = 128

/** XORs the block at `at` with the key, in place rather than in a subarray, which costs more than the XOR. */
function xor(into: Uint8Array, from: Uint8Array, at: number, key: Uint8Array): void {
  for (let i = 0; i < BLOCK_OCTETS; i++) into[at + i] = from[at + i]! ^ key[i]!
}

/** The password without its NUL padding; undefined unless the value has 16, 32 … 128 octets. */
export function revealPassword(
  hidden: Uint8Array,
  secret: Uint8Array,
  authenticator: Uint8Array,
): Uint8Array | undefined {
  if (hidden.length === 0 || hidden.length > MAX_OCTETS || hidden.length % BLOCK_OCTETS !== 0) return undefined
  const password = new Uint8Array(hidden.length)
  let before = authenticator
  for (let at = 0; at < hidden.length; at += BLOCK_OCTETS) {
    xor(password, hidden, at, md5(Buffer.concat([secret, before])))
    before = hidden.subarray(at, at + BLOCK_OCTETS)
  }
  let length = password.length
  while (length > 0 && password[length - 1] === 0) length--
  return password.slice(0, length)
}

/** The value of a User-Password attribute; a RadiusEncodeError for a password of more than 128 octets. */
export function hidePassword(password: Uint8Array, secret: Uint8Array, authenticator: Uint8Array): Uint8Array {
  if (password.length > MAX_OCTETS) throw new RadiusEncodeError('password', password.length, MAX_OCTETS)
  const hidden = new Uint8Array(Math.max(1, Math.ceil(password.length / BLOCK_OCTETS)) * BLOCK_OCTETS)
  hidden.set(password)
  let before = authenticator
  for (let at = 0; at < hidden.length; at += BLOCK_OCTETS) {
    xor(hidden, hidden, at, md5(Buffer.concat([secret, before])))
    before = hidden.subarray(at, at + BLOCK_OCTETS)
  }
  return hidden
}
