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

const CONSTRUCTED = 0x20
const MAX_DEPTH = 128
const MAX_LENGTH_OCTETS = 4
const MAX_INTEGER_OCTETS = 4
const REPLACEMENT = '\ufffd'

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

/**
 * Goes through all values, whatever they mean, and throws unless each one ends within what holds it. Returns how many
 * there are, up to `most`: beyond that it does not look. Linear in the octets, at any depth.
 */
export function countValues(octets: Uint8Array, most: number): number {
  const ends = [octets.length]
  let end = octets.length
  let count = 0
  for (let position = 0; position < octets.length && count < most; count++) {
    const header = readHeader(octets, position, end)
    if (header === undefined) throw new MalformedMessageError('value cut off')
    const valueEnd = header.start + header.length
    if (valueEnd > end) throw new MalformedMessageError('value longer than what holds it')
    if ((header.tag & CONSTRUCTED) !== 0) {
      position = header.start
      ends.push((end = valueEnd))
    } else position = valueEnd
    while (position === end && ends.length > 1) {
      ends.pop()
      end = ends[ends.length - 1]!
    }
  }
  return count
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

  /** Goes past the next value and returns where its content starts; it ends at the new position. */
  #pass(tag: number): number {
    const header = readHeader(this.#octets, this.#position, this.#end)
    if (header === undefined) throw new MalformedMessageError(this.atEnd ? 'value missing' : 'value cut off')
    if (header.tag !== tag) throw new MalformedMessageError(`tag ${header.tag} in place of ${tag}`)
    const end = header.start + header.length
    if (end > this.#end) throw new MalformedMessageError('value longer than what holds it')
    this.#position = end
    return header.start
  }

  /** A reader of the values inside the next, constructed value. */
  enter(tag: number): BerReader {
    const start = this.#pass(tag)
    return new BerReader(this.#octets, start, this.#position, this.#depth + 1)
  }

  octets(tag: number = BerTag.OctetString): Buffer {
    const start = this.#pass(tag)
    return this.#octets.subarray(start, this.#position)
  }

  /** LDAPString: must be UTF-8. */
  text(tag: number = BerTag.OctetString): string {
    const start = this.#pass(tag)
    const text = this.#octets.toString('utf8', start, this.#position)
    // Whatever is not UTF-8 has become a replacement character, which may also stand there in its own right.
    if (text.includes(REPLACEMENT) && !isUtf8(this.#octets.subarray(start, this.#position)))
      throw new MalformedMessageError('text that is not UTF-8')
    return text
  }

  /** INTEGER or ENUMERATED within the bounds. */
  integer(minimum: number, maximum: number, tag: number = BerTag.Integer): number {
    const start = this.#pass(tag)
    const length = this.#position - start
    if (length === 0 || length > MAX_INTEGER_OCTETS) throw new MalformedMessageError(`integer of ${length} octets`)
    const value = this.#octets.readIntBE(start, length)
    if (value < minimum || value > maximum) throw new MalformedMessageError('integer out of bounds')
    return value
  }

  boolean(tag: number = BerTag.Boolean): boolean {
    const start = this.#pass(tag)
    if (this.#position - start !== 1) throw new MalformedMessageError('boolean that is not one octet')
    return this.#octets[start] !== 0
  }

  /** The next value whatever it is, header included. */
  anything(): Buffer {
    const start = this.#position
    this.#pass(this.nextTag ?? 0)
    return this.#octets.subarray(start, this.#position)
  }
}

/** One value made of parts that are already encoded. */
export function encodeValue(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  return encodeParts(tag, parts)
}

/** The same for parts of any number. */
export function encodeParts(tag: number, parts: readonly Uint8Array[]): Buffer {
  let length = 0
  for (const part of parts) length += part.length
  const octets = Buffer.allocUnsafe(headerOctets(length) + length)
  let position = writeHeader(octets, 0, tag, length)
  for (const part of parts) {
    octets.set(part, position)
    position += part.length
  }
  return octets
}

/** Octets of a header for a value of this length. */
export function headerOctets(length: number): number {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 6
}

/** Writes a header and returns where the value begins. */
export function writeHeader(octets: Uint8Array, offset: number, tag: number, length: number): number {
  octets[offset] = tag
  const count = headerOctets(length)
  if (count === 2) octets[offset + 1] = length
  else {
    octets[offset + 1] = 0x80 | (count - 2)
    for (let i = 0; i < count - 2; i++) octets[offset + count - 1 - i] = (length >>> (8 * i)) & 0xff
  }
  return offset + count
}

export function encodeText(text: string, tag: number = BerTag.OctetString): Buffer {
  return encodeValue(tag, Buffer.from(text, 'utf8'))
}

/** INTEGER or ENUMERATED of up to 32 bits, in the fewest octets. */
export function encodeInteger(value: number, tag: number = BerTag.Integer): Buffer {
  let length = 1
  while (length < MAX_INTEGER_OCTETS && (value < -(2 ** (8 * length - 1)) || value >= 2 ** (8 * length - 1))) length++
  const octets = Buffer.allocUnsafe(2 + length)
  octets[0] = tag
  octets[1] = length
  octets.writeIntBE(value, 2, length)
  return octets
}

export function encodeBoolean(value: boolean, tag: number = BerTag.Boolean): Buffer {
  return Buffer.from([tag, 1, value ? 0xff : 0])
}
