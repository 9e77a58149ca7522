// RADIUS packets (RFC 2865 §3): code, identifier, length, 16 octets of authenticator, attributes.
// Decoding is bounded by the length field (at most 4096 octets), copies nothing, and answers with a value whatever
// the octets are; only encoding what cannot be sent raises an error. Nothing is ever cut to fit.
import { AttributeType } from './assigned-numbers.ts'
import { RadiusEncodeError } from './radius-encode-error.ts'

export const HEADER_OCTETS = 20
/** Where the authenticator begins, to the end of the header. */
export const AUTHENTICATOR_AT = 4
export const AUTHENTICATOR_OCTETS = 16
export const MAX_PACKET_OCTETS = 4096
export const MAX_VALUE_OCTETS = 253
/** More than any NAS sends; what a packet of two-octet attributes could hold is eight times that. */
const MAX_ATTRIBUTES = 255

export interface Attribute {
  readonly type: number
  readonly value: Uint8Array
}

export interface PacketContent {
  readonly code: number
  readonly identifier: number
  readonly authenticator: Uint8Array
  /** In the order of the wire. */
  readonly attributes: readonly Attribute[]
}

export interface RadiusPacket extends PacketContent {
  /** The packet as received, without padding behind its length; the authenticators are computed over it. */
  readonly octets: Uint8Array
}

export type Decoded =
  | { readonly kind: 'packet'; readonly packet: RadiusPacket }
  | { readonly kind: 'malformed'; readonly problem: string }

const malformed = (problem: string): Decoded => ({ kind: 'malformed', problem })

/** The packet at the start of a datagram; octets behind the length field are padding and ignored (RFC 2865 §3). */
export function decodePacket(datagram: Uint8Array): Decoded {
  if (datagram.length < HEADER_OCTETS) return malformed('shorter than a header')
  const length = (datagram[2]! << 8) | datagram[3]!
  if (length < HEADER_OCTETS) return malformed('length field below 20')
  if (length > MAX_PACKET_OCTETS) return malformed('length field above 4096')
  if (length > datagram.length) return malformed('length field beyond the datagram')
  const octets = datagram.subarray(0, length)
  const attributes: Attribute[] = []
  for (let at = HEADER_OCTETS; at < length; ) {
    const type = octets[at]!
    const size = octets[at + 1] ?? 0
    if (type === 0) return malformed('attribute type 0')
    if (size < 2) return malformed('attribute shorter than its header')
    if (at + size > length) return malformed('attribute beyond the packet')
    if (type === AttributeType.MessageAuthenticator && size !== AUTHENTICATOR_OCTETS + 2)
      return malformed('Message-Authenticator of another length than 18')
    if (attributes.length === MAX_ATTRIBUTES) return malformed('too many attributes')
    attributes.push({ type, value: octets.subarray(at + 2, at + size) })
    at += size
  }
  const authenticator = octets.subarray(AUTHENTICATOR_AT, HEADER_OCTETS)
  return { kind: 'packet', packet: { code: octets[0]!, identifier: octets[1]!, authenticator, attributes, octets } }
}

/** The octets of a packet; a RadiusEncodeError when it, or one of its attributes, is too long. */
export function encodePacket(content: PacketContent): Uint8Array {
  const length = content.attributes.reduce((sum, { value }) => sum + 2 + value.length, HEADER_OCTETS)
  if (length > MAX_PACKET_OCTETS) throw new RadiusEncodeError('packet', length, MAX_PACKET_OCTETS)
  const octets = new Uint8Array(length)
  octets.set([content.code, content.identifier, length >> 8, length & 0xff])
  octets.set(content.authenticator, AUTHENTICATOR_AT)
  let at = HEADER_OCTETS
  for (const { type, value } of content.attributes) {
    if (value.length > MAX_VALUE_OCTETS) throw new RadiusEncodeError('attribute', value.length, MAX_VALUE_OCTETS)
    octets[at] = type
    octets[at + 1] = value.length + 2
    octets.set(value, at + 2)
    at += value.length + 2
  }
  return octets
}

/** The values of every attribute of the type, in order. */
export function valuesOf(packet: PacketContent, type: number): readonly Uint8Array[] {
  const values: Uint8Array[] = []
  for (const attribute of packet.attributes) if (attribute.type === type) values.push(attribute.value)
  return values
}
