import assert from 'node:assert/strict'
import test from 'node:test'
import { fromHex, opened, recordedExchanges } from '#test/support/radius.ts'
import { AttributeType, Code } from './assigned-numbers.ts'
import { decodePacket, encodePacket, valuesOf } from './packet.ts'
import { RadiusEncodeError } from './radius-encode-error.ts'

const AUTHENTICATOR = '000102030405060708090a0b0c0d0e0f'
/** A packet with this header and these attributes; the length field as given. */
const packet = (code: string, length: string, attributes = '') =>
  fromHex(`${code}00${length}${AUTHENTICATOR}${attributes}`)

const malformed: ReadonlyArray<[name: string, datagram: Uint8Array]> = [
  ['19 octets', packet('01', '0013').subarray(0, 19)],
  ['10 octets', packet('01', '000a').subarray(0, 10)],
  ['no octets', new Uint8Array()],
  ['length 19 with 20 octets', packet('01', '0013')],
  ['length 100 with 20 octets', packet('01', '0064')],
  ['length above 4096', fromHex(`01001001${AUTHENTICATOR}${'0102'.repeat(2100)}`)],
  ['one trailing octet', packet('01', '0015', '01')],
  ['attribute type 0', packet('01', '0016', '0002')],
  ['attribute length 0', packet('01', '0016', '0100')],
  ['attribute length 1', packet('01', '0016', '0101')],
  ['attribute length beyond the packet', packet('01', '0016', '010a')],
  ['Message-Authenticator of length 5', packet('01', '0019', '5005000000')],
  ['second attribute length 0', packet('01', '001a', '010461620100')],
  ['second attribute beyond the packet', packet('01', '001a', '0104616201ff')],
  ['01 ff 00', packet('01', '0017', '01ff00')],
  ['01 c8 ab cd ef', packet('01', '0019', '01c8abcdef')],
  ['256 attributes', packet('01', '0214', '0102'.repeat(256))],
]

for (const [name, datagram] of malformed)
  test(`RD-01 decode: ${name} is malformed`, () => assert.equal(decodePacket(datagram).kind, 'malformed'))

test('RD-01 decode: codes that do not exist are a packet, what they are worth is decided later', () => {
  for (const code of ['00', '35', 'ff']) assert.equal(opened(packet(code, '0014')).code, Number.parseInt(code, 16))
})

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
