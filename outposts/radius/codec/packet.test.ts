import assert from 'node:assert/strict'
import test from 'node:test'
import { fromHex, opened, recordedExchanges, wrongDatagrams } from '#test/support/radius.ts'
import { AttributeType, Code } from './assigned-numbers.ts'
import { decodePacket, encodePacket, valuesOf } from './packet.ts'
import { RadiusEncodeError } from './radius-encode-error.ts'

const AUTHENTICATOR = '000102030405060708090a0b0c0d0e0f'
/** A packet with this header and these attributes; the length field as given. */
const packet = (code: string, length: string, attributes = '') =>
  fromHex(`${code}00${length}${AUTHENTICATOR}${attributes}`)

for (const { name, octets, reason } of wrongDatagrams())
  test(`${name}: ${reason === 'malformed' ? 'malformed' : 'a packet, what it is worth is decided later'}`, () =>
    assert.equal(decodePacket(octets).kind, reason === 'malformed' ? 'malformed' : 'packet'))

test('octets behind the length field are padding', () => {
  const decoded = opened(packet('01', '0016', '0102ffff'))
  assert.equal(decoded.octets.length, 22)
  assert.deepEqual(decoded.attributes, [{ type: AttributeType.UserName, value: new Uint8Array() }])
})

test('RFC 2865 §7.1: the example decodes, and encodes to the same octets', () => {
  const octets = fromHex(
    '01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be 70 8d 93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03',
  )
  const decoded = opened(octets)
  assert.equal(decoded.code, Code.AccessRequest)
  assert.equal(Buffer.from(valuesOf(decoded, AttributeType.UserName)[0]!).toString(), 'nemo')
  assert.deepEqual(valuesOf(decoded, AttributeType.NasIpAddress), [Uint8Array.of(192, 168, 1, 16)])
  assert.deepEqual(encodePacket(decoded), octets)
})

for (const { name, request, reply } of recordedExchanges())
  for (const octets of [request, reply])
    if (octets !== undefined && decodePacket(octets).kind === 'packet')
      test(`recorded (${name}): encoding what was decoded gives the same octets`, () => {
        const decoded = opened(octets)
        assert.deepEqual(encodePacket(decoded), decoded.octets)
      })

const content = { code: 2, identifier: 0, authenticator: new Uint8Array(16) }
const tooLong: ReadonlyArray<[name: string, lengths: readonly number[], shortfall: number]> = [
  ['a value of 254 octets', [254], 1],
  ['a packet of 4100 octets', Array(16).fill(253), 4],
]
for (const [name, lengths, shortfallOctets] of tooLong)
  test(`encode: ${name} is refused with its shortfall, not cut`, () => {
    const attributes = lengths.map((length) => ({ type: 18, value: new Uint8Array(length) }))
    assert.throws(
      () => encodePacket({ ...content, attributes }),
      (error) => error instanceof RadiusEncodeError && error.shortfallOctets === shortfallOctets,
    )
  })

test('encode: a packet of exactly 4096 octets is possible', () => {
  const attributes = [...Array(15).fill(253), 249].map((length) => ({ type: 18, value: new Uint8Array(length) }))
  assert.equal(encodePacket({ ...content, attributes }).length, 4096)
})
