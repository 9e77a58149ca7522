/** LDAPMessage (RFC 4511 §4.1.1): how responses are encoded. */
import { BerTag, contextTag, encodeInteger, encodeText, headerOctets, writeHeader } from './ber.ts'
import { Operation } from './message.ts'
import type { LdapResult } from './result-code.ts'

/** LDAPResults without a text, by code: nearly every one that is sent. */
const WITHOUT_TEXT: readonly Buffer[] = Array.from({ length: 0x80 }, (_, code) =>
  Buffer.from([BerTag.Enumerated, 1, code, BerTag.OctetString, 0, BerTag.OctetString, 0]),
)

/** A message of an operation made of parts that are encoded already. */
function encodeMessage(id: number, tag: number, parts: readonly Uint8Array[]): Buffer {
  let length = 0
  for (const part of parts) length += part.length
  const idOctets = id < 0x80 ? 1 : id < 0x8000 ? 2 : id < 0x800000 ? 3 : 4
  const content = 2 + idOctets + headerOctets(length) + length
  const octets = Buffer.allocUnsafe(headerOctets(content) + content)
  let position = writeHeader(octets, 0, BerTag.Sequence, content)
  position = writeHeader(octets, position, BerTag.Integer, idOctets)
  position = octets.writeUIntBE(id, position, idOctets)
  position = writeHeader(octets, position, tag, length)
  for (const part of parts) {
    octets.set(part, position)
    position += part.length
  }
  return octets
}

/** A message that is an LDAPResult, with parts of its own after it. */
export function encodeResult(
  id: number,
  tag: number,
  { code, matchedDn = '', message = '' }: LdapResult,
  ...more: readonly Uint8Array[]
): Buffer {
  const plain = matchedDn === '' && message === '' ? WITHOUT_TEXT[code] : undefined
  const result =
    plain === undefined ? [encodeInteger(code, BerTag.Enumerated), encodeText(matchedDn), encodeText(message)] : [plain]
  return encodeMessage(id, tag, [...result, ...more])
}

/** SearchResultEntry of a name and a PartialAttributeList that are encoded already. */
export function encodeEntry(id: number, name: Uint8Array, attributes: Uint8Array): Buffer {
  return encodeMessage(id, Operation.searchResultEntry, [name, attributes])
}

interface PartialAttribute {
  readonly name: string
  readonly values: readonly string[]
}

const withHeader = (length: number) => headerOctets(length) + length

/** A PartialAttributeList. Lengths are counted first, so that everything is written where it stays. */
export function encodeAttributes(attributes: readonly PartialAttribute[]): Buffer {
  const valuesOctets = attributes.map(({ values }) =>
    values.reduce((sum, value) => sum + withHeader(Buffer.byteLength(value)), 0),
  )
  const octetsOf = ({ name }: PartialAttribute, index: number) =>
    withHeader(Buffer.byteLength(name)) + withHeader(valuesOctets[index]!)
  const length = attributes.reduce((sum, attribute, index) => sum + withHeader(octetsOf(attribute, index)), 0)
  const octets = Buffer.allocUnsafe(withHeader(length))
  let position = writeHeader(octets, 0, BerTag.Sequence, length)
  const writeText = (text: string) => {
    position = writeHeader(octets, position, BerTag.OctetString, Buffer.byteLength(text))
    position += octets.write(text, position)
  }
  for (const [index, attribute] of attributes.entries()) {
    position = writeHeader(octets, position, BerTag.Sequence, octetsOf(attribute, index))
    writeText(attribute.name)
    position = writeHeader(octets, position, BerTag.Set, valuesOctets[index]!)
    for (const value of attribute.values) writeText(value)
  }
  return octets
}

/** ExtendedResponse with a name or a value. */
export function encodeExtended(
  id: number,
  result: LdapResult,
  { oid, value }: { oid?: string; value?: string } = {},
): Buffer {
  const name = oid === undefined ? [] : [encodeText(oid, contextTag(10))]
  const content = value === undefined ? [] : [encodeText(value, contextTag(11))]
  return encodeResult(id, Operation.extendedResponse, result, ...name, ...content)
}
