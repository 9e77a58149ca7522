import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AttributeType, Code } from '#outposts/radius/codec/assigned-numbers.ts'
import { headerAuthenticator, messageAuthenticator } from '#outposts/radius/codec/authenticators.ts'
import { type Attribute, decodePacket, encodePacket, type RadiusPacket } from '#outposts/radius/codec/packet.ts'
import { hidePassword } from '#outposts/radius/codec/user-password.ts'

export const SECRET = 'testing123'

export const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'))

/** An attribute with the octets of a text, or these octets. */
export const attribute = (type: number, value: string | Uint8Array = ''): Attribute => ({
  type,
  value: typeof value === 'string' ? octets(value) : value,
})

export interface RequestOptions {
  readonly code?: number
  readonly identifier?: number
  /** A text of 16 characters, so that a new request is easily told from an old one. */
  readonly authenticator?: string
  readonly attributes: readonly Attribute[]
  readonly secret?: string
  /** Where Message-Authenticator stands; `forged` is first and wrong by one bit. */
  readonly sign?: 'first' | 'last' | 'never' | 'twice' | 'forged'
}

const AUTHENTICATOR = '0123456789abcdef'
const EMPTY = attribute(AttributeType.MessageAuthenticator, new Uint8Array(16))

/** A request as a client sends it. */
export function request(options: RequestOptions): Uint8Array {
  const { code = Code.AccessRequest, identifier = 1, secret = SECRET, sign = 'first' } = options
  const before = sign === 'first' || sign === 'twice' || sign === 'forged' ? [EMPTY] : []
  const after = sign === 'last' || sign === 'twice' ? [EMPTY] : []
  const packet = encodePacket({
    code,
    identifier,
    authenticator: octets(options.authenticator ?? AUTHENTICATOR),
    attributes: [...before, ...options.attributes, ...after],
  })
  const at = before.length > 0 ? 22 : packet.length - 16
  if (sign !== 'never') packet.set(messageAuthenticator(packet, octets(secret), at), at)
  if (sign === 'forged') packet[at] = packet[at]! ^ 1
  return packet
}

export interface PapOptions extends Partial<RequestOptions> {
  readonly username?: string
  readonly password?: string | Uint8Array
}

/** A PAP request; `attributes` come behind the credentials. */
export function papRequest({ username = 'demo', password = 'right', ...options }: PapOptions = {}): Uint8Array {
  const { secret = SECRET, authenticator = AUTHENTICATOR, attributes = [] } = options
  const clear = typeof password === 'string' ? octets(password) : password
  const hidden = hidePassword(clear, octets(secret), octets(authenticator))
  return request({
    ...options,
    attributes: [
      attribute(AttributeType.UserName, username),
      attribute(AttributeType.UserPassword, hidden),
      ...attributes,
    ],
  })
}

/** The packet of a datagram that is well formed. */
export function opened(datagram: Uint8Array): RadiusPacket {
  const decoded = decodePacket(datagram)
  if (decoded.kind === 'malformed') throw new Error(decoded.problem)
  return decoded.packet
}

/** Whether both authenticators of a reply are right, for the request that it answers. */
export function isSigned(reply: Uint8Array, sent: Uint8Array, secret = SECRET): boolean {
  const packet = opened(reply)
  const ofRequest = sent.subarray(4, 20)
  const header = headerAuthenticator(reply, octets(secret), ofRequest)
  const given = packet.attributes.find(({ type }) => type === AttributeType.MessageAuthenticator)?.value
  if (given === undefined || !Buffer.from(header).equals(packet.authenticator)) return false
  const signed = Uint8Array.from(reply)
  signed.set(ofRequest, 4)
  return Buffer.from(messageAuthenticator(signed, octets(secret), given.byteOffset - reply.byteOffset)).equals(given)
}

export interface Recorded {
  readonly name: string
  readonly request: Uint8Array
  readonly reply: Uint8Array | undefined
}

/** The recorded exchanges of `test/vectors/radius`. */
export function recordedExchanges(): readonly Recorded[] {
  const file = join(import.meta.dirname, '..', 'vectors', 'radius', 'recorded.hex')
  return readFileSync(file, 'utf8')
    .split('\n\n')
    .slice(1)
    .map((block) => {
      const [name = '', sent = '', answered] = block.trim().split('\n')
      const reply = answered === undefined ? undefined : fromHex(answered.slice(2))
      return { name: name.slice(2), request: fromHex(sent.slice(2)), reply }
    })
}
