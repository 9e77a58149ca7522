import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AttributeType, Code } from '#outposts/radius/codec/assigned-numbers.ts'
import { headerAuthenticator, messageAuthenticator } from '#outposts/radius/codec/authenticators.ts'
import { type Attribute, decodePacket, encodePacket, type RadiusPacket } from '#outposts/radius/codec/packet.ts'
import { hidePassword } from '#outposts/radius/codec/user-password.ts'
import type { DropReason } from '#outposts/radius/reasons.ts'

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
  readonly sign?: keyof typeof PLACES
}

/** Before which of the other attributes it stands. */
const PLACES = {
  first: () => [0],
  middle: (others: number) => [others >> 1],
  last: (others: number) => [others],
  never: () => [],
  twice: (others: number) => [0, others],
  forged: () => [0],
} satisfies Record<string, (others: number) => readonly number[]>

const AUTHENTICATOR = '0123456789abcdef'
const EMPTY = attribute(AttributeType.MessageAuthenticator, new Uint8Array(16))

/** A request as a client sends it. */
export function request(options: RequestOptions): Uint8Array {
  const { code = Code.AccessRequest, identifier = 1, secret = SECRET, sign = 'first' } = options
  const others = options.attributes
  const places = PLACES[sign](others.length)
  const packet = encodePacket({
    code,
    identifier,
    authenticator: octets(options.authenticator ?? AUTHENTICATOR),
    attributes: places.reduceRight((all, place) => all.toSpliced(place, 0, EMPTY), others),
  })
  const own = opened(packet).attributes.find(({ type }) => type === AttributeType.MessageAuthenticator)
  if (own !== undefined) own.value.set(messageAuthenticator(packet, octets(secret), own.value.byteOffset))
  if (sign === 'forged') own!.value[0]! ^= 1
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

/** The blocks of a file of `test/vectors/radius`: each is a name and its lines, without their marks. */
function vectors(name: string): ReadonlyArray<readonly [name: string, ...lines: string[]]> {
  return readFileSync(join(import.meta.dirname, '..', 'vectors', 'radius', name), 'utf8')
    .split('\n\n')
    .slice(1)
    .map(
      (block) =>
        block
          .trim()
          .split('\n')
          .map((line) => line.slice(2)) as [string, ...string[]],
    )
}

/** The recorded exchanges of `test/vectors/radius`. */
export const recordedExchanges = (): readonly Recorded[] =>
  vectors('recorded.hex').map(([name, sent = '', answered]) => ({
    name,
    request: fromHex(sent),
    reply: answered === undefined ? undefined : fromHex(answered),
  }))

export interface Wrong {
  readonly name: string
  readonly octets: Uint8Array
  /** Why nobody answers it. */
  readonly reason: DropReason
}

/** The datagrams of `test/vectors/radius` that no server answers, whatever it is set to. */
export const wrongDatagrams = (): readonly Wrong[] =>
  vectors('wrong.hex').map(([name, sent = '', reason]) => ({
    name,
    octets: fromHex(sent),
    reason: reason as DropReason,
  }))
