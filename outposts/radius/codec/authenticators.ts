// What proves that a packet comes from someone who knows the shared secret: the authenticator of the header
// (RFC 2865 §3, RFC 2866 §3) and the Message-Authenticator attribute (RFC 3579 §3.2). Everything is computed over the
// octets of the wire, never over a packet that was encoded again.
import { equalOctets } from '#schema/kernel/equal.ts'
import { AttributeType } from './assigned-numbers.ts'
import { hmacMd5, md5 } from './md5.ts'
import { AUTHENTICATOR_AT, AUTHENTICATOR_OCTETS, type RadiusPacket } from './packet.ts'

const ZEROES = new Uint8Array(AUTHENTICATOR_OCTETS)

/**
 * MD5(Code + Identifier + Length + `inPlace` + Attributes + Secret). `inPlace` is the authenticator of the request
 * for a reply, zeroes for a request that is signed this way (Accounting, Disconnect, CoA).
 */
export function headerAuthenticator(octets: Uint8Array, secret: Uint8Array, inPlace: Uint8Array = ZEROES): Uint8Array {
  const signed = Buffer.concat([octets, secret])
  signed.set(inPlace, AUTHENTICATOR_AT)
  return md5(signed)
}

/**
 * HMAC-MD5 over the packet with the 16 octets at `at` taken as zeroes. The header must hold the authenticator
 * of the request, in a reply too.
 */
export function messageAuthenticator(octets: Uint8Array, secret: Uint8Array, at: number): Uint8Array {
  return hmacMd5(secret, Buffer.from(octets).fill(0, at, at + AUTHENTICATOR_OCTETS))
}

export type MessageAuthenticatorState = 'valid' | 'invalid' | 'absent' | 'repeated'

/** How the Message-Authenticator of a request stands; wherever it is placed, and only if there is exactly one. */
export function checkMessageAuthenticator(packet: RadiusPacket, secret: Uint8Array): MessageAuthenticatorState {
  let given: Uint8Array | undefined
  for (const { type, value } of packet.attributes) {
    if (type !== AttributeType.MessageAuthenticator) continue
    if (given !== undefined) return 'repeated'
    given = value
  }
  if (given === undefined) return 'absent'
  const expected = messageAuthenticator(packet.octets, secret, given.byteOffset - packet.octets.byteOffset)
  return equalOctets(given, expected) ? 'valid' : 'invalid'
}
