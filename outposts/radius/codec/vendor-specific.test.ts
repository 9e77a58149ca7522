import assert from 'node:assert/strict'
import test from 'node:test'
import { fromHex } from '#test/support/radius.ts'
import { RadiusEncodeError } from './radius-encode-error.ts'
import { decodeVendorSpecific, encodeVendorSpecific } from './vendor-specific.ts'

test('an MS-CHAP challenge is found, and encodes to the same octets', () => {
  const value = fromHex('00000137 0b0a 0102030405060708')
  const specific = decodeVendorSpecific(value)
  assert.deepEqual(specific, { vendor: 311, attributes: [{ type: 11, value: fromHex('0102030405060708') }] })
  assert.deepEqual(encodeVendorSpecific(specific!), value)
})

test('a view into a larger buffer is read at its own place', () => {
  const packet = fromHex('ffff 00000009 0103aa')
  assert.equal(decodeVendorSpecific(packet.subarray(2))?.vendor, 9)
})

for (const value of ['', '000001', '0000013701', '000001370b00', '000001370b01', '000001370b0a01'])
  test(`"${value}" has no format that we know`, () => assert.equal(decodeVendorSpecific(fromHex(value)), undefined))

test('a value of more than 247 octets is refused with its shortfall', () => {
  assert.throws(
    () => encodeVendorSpecific({ vendor: 9, attributes: [{ type: 1, value: new Uint8Array(250) }] }),
    (error) => error instanceof RadiusEncodeError && error.shortfallOctets === 3,
  )
})
