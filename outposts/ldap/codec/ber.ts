/**
 * Basic Encoding Rules as LDAP restricts them (RFC 4511 §5.1): definite lengths, primitive strings, one-octet tags.
 * A length is checked against the octets at hand before anything is read, nothing is ever allocated for a length that
 * was only announced, and values are views, not copies. Lengths in long form need not be minimal: Windows clients
 * always send four length octets.
 */
import { isUtf8 } from 'node:buffer'
import { MalformedMessageError } from './malformed-message-error.ts'

export const BerTag = {
  Boolean: 0x01,
  Integer: 0x02,
  OctetString: 0x04,
  Null: 0x05,
  Enumerated: 0x0a,
  Sequence: 0x30,
  Set: 0x31,
} as const

/** Context-specific tags: `[n]` of a primitive and of a constructed type. */
export const contextTag = (number: number): number => 0x80 | number
export const contextConstructedTag = (number: number): number => 0xa0 | number

const MAX_DEPTH = 128
const MAX_LENGTH_OCTETS = 4
const MAX_INTEGER_OCTETS = 4

export interface BerHeader {
  readonly tag: number
  /** Offset of the first octet of the value. */
  readonly start: number
  /** Octets of the value. */
  readonly length: number
}

/** The header at `offset`, or undefined while octets of it are missing before `end`. Rejects what LDAP does not use. */
export function readHeader(octets: Uint8Array, offset: number, end: number): BerHeader | undefined {
  if (end - offset < 2) return undefined
  const tag = octets[offset]!
  if ((tag & 0x1f) === 0x1f) throw new MalformedMessageError('tag of more than one octet')
  const first = octets[offset + 1]!
  if (first < 0x80) return { tag, start: offset + 2, length: first }
  const count = first & 0x7f
  if (count === 0) throw new MalformedMessageError('indefinite length')
  if (count > MAX_LENGTH_OCTETS) throw new MalformedMessageError(`length of ${count} octets`)
  const start = offset + 2 + count
  if (end < start) return undefined
  let length = 0
  for (let i = offset + 2; i < start; i++) length = length * 256 + octets[i]!
  return { tag, start, length }
}

/** Reads values one after the other; every call consumes at least two octets or throws. */
export class BerReader {
  readonly #octets: Buffer
  readonly #end: number
  readonly #depth: number
  #position: number

  constructor(octets: Buffer, start = 0, end = octets.length, depth = 0) {
    if (depth > MAX_DEPTH) throw new MalformedMessageError(`nested deeper than ${MAX_DEPTH}`)
    this.#octets = octets
    this.#position = start
    this.#end = end
    this.#depth = depth
  }

  get atEnd(): boolean {
    return this.#position >= this.#end
  }

  /** Tag of the next value, undefined at the end. */
  get nextTag(): number | undefined {
    return this.atEnd ? undefined : this.#octets[this.#position]!
  }

  #value(tag: number): { start: number; end: number } {
    const header = readHeader(this.#octets, this.#position, this.#end)
    if (header === undefined) throw new MalformedMessageError('value cut off')
    if (header.tag !== tag) throw new MalformedMessageError(`tag ${header.tag} in place of ${tag}`)
    const end = header.start + header.length
    if (end > this.#end) throw new MalformedMessageError('value longer than what holds it')
    this.#position = end
    return { start: header.start, end }
  }

  /** A reader of the values inside the next, constructed value. */
  enter(tag: number): BerReader {
    const { start, end } = this.#value(tag)
    return new BerReader(this.#octets, start, end, this.#depth + 1)
  }

  octets(tag: number = BerTag.OctetString): Buffer {
    const { start, end } = this.#value(tag)
    return this.#octets.subarray(start, end)
  }

  /** LDAPString: must be UTF-8. */
  text(tag: number = BerTag.OctetString): string {
    const octets = this.octets(tag)
    if (!isUtf8(octets)) throw new MalformedMessageError('text that is not UTF-8')
    return octets.toString('utf8')
  }

  /** INTEGER or ENUMERATED within the bounds. */
  integer(minimum: number, maximum: number, tag: number = BerTag.Integer): number {
    const { start, end } = this.#value(tag)
    const length = end - start
    if (length === 0 || length > MAX_INTEGER_OCTETS) throw new MalformedMessageError(`integer of ${length} octets`)
    const value = this.#octets.readIntBE(start, length)
    if (value < minimum || value > maximum) throw new MalformedMessageError('integer out of bounds')
    return value
  }

  boolean(tag: number = BerTag.Boolean): boolean {
    const { start, end } = this.#value(tag)
    if (end - start !== 1) throw new MalformedMessageError('boolean that is not one octet')
    return this.#octets[start] !== 0
  }

  /** The next value whatever it is, header included. */
  anything(): Buffer {
    const start = this.#position
    this.#value(this.nextTag ?? 0)
    return this.#octets.subarray(start, this.#position)
  }
}

function header(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([tag, length])
  if (length < 0x100) return Buffer.from([tag, 0x81, length])
  if (length < 0x10000) return Buffer.from([tag, 0x82, length >> 8, length & 0xff])
  return Buffer.from([tag, 0x84, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff])
}

/** One value made of parts that are already encoded. */
export function encodeValue(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0
  for (const part of parts) length += part.length
  return Buffer.concat([header(tag, length), ...parts])
}

export function encodeText(text: string, tag: number = BerTag.OctetString): Buffer {
  return encodeValue(tag, Buffer.from(text, 'utf8'))
}

/** INTEGER or ENUMERATED of up to 32 bits, in the fewest octets. */
export function encodeInteger(value: number, tag: number = BerTag.Integer): Buffer {
  let length = 1
  while (length < MAX_INTEGER_OCTETS && (value < -(2 ** (8 * length - 1)) || value >= 2 ** (8 * length - 1))) length++
  const octets = Buffer.alloc(length)
  octets.writeIntBE(value, 0, length)
  return encodeValue(tag, octets)
}

export function encodeBoolean(value: boolean, tag: number = BerTag.Boolean): Buffer {
  return Buffer.from([tag, 1, value ? 0xff : 0])
}
