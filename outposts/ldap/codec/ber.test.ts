import assert from 'node:assert/strict'
import test from 'node:test'
import { BerReader, BerTag, countValues, encodeInteger, encodeParts, encodeValue, readHeader } from './ber.ts'
import { MalformedMessageError } from './malformed-message-error.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const malformed = (error: unknown) => error instanceof MalformedMessageError

const integers: ReadonlyArray<[value: number, octets: string]> = [
  [0, '02 01 00'],
  [127, '02 01 7f'],
  [128, '02 02 00 80'],
  [-1, '02 01 ff'],
  [-128, '02 01 80'],
  [-129, '02 02 ff 7f'],
  [2 ** 31 - 1, '02 04 7f ff ff ff'],
  [-(2 ** 31), '02 04 80 00 00 00'],
]
for (const [value, octets] of integers)
  test(`${value} is ${octets}`, () => {
    assert.deepEqual(encodeInteger(value), hex(octets))
    assert.equal(new BerReader(hex(octets)).integer(-(2 ** 31), 2 ** 31 - 1), value)
  })

const lengths: ReadonlyArray<[length: number, header: string]> = [
  [0, '04 00'],
  [127, '04 7f'],
  [128, '04 81 80'],
  [255, '04 81 ff'],
  [256, '04 82 01 00'],
  [65_535, '04 82 ff ff'],
  [65_536, '04 84 00 01 00 00'],
]
for (const [length, header] of lengths)
  test(`a value of ${length} octets begins with ${header}`, () => {
    const octets = encodeValue(BerTag.OctetString, Buffer.alloc(length))
    assert.deepEqual(octets.subarray(0, hex(header).length), hex(header))
    assert.equal(octets.length, hex(header).length + length)
    assert.equal(new BerReader(octets).octets().length, length)
  })

test('a set may have any number of values', () => {
  const parts = Array.from({ length: 300_000 }, () => hex('05 00'))
  assert.equal(encodeParts(BerTag.Set, parts).length, 600_006)
})

const counts: ReadonlyArray<[octets: string, count: number]> = [
  ['05 00', 1],
  ['05 00 05 00', 2],
  ['30 00', 1],
  ['30 02 30 00', 2],
  ['30 06 30 02 05 00 05 00', 4],
  ['30 02 05 00 30 02 05 00', 4],
]
for (const [octets, count] of counts)
  test(`${octets} has ${count} values`, () => assert.equal(countValues(hex(octets), 99), count))

test('no more values are counted than asked for', () => {
  assert.equal(countValues(hex('30 06 05 00 05 00 04 7f'), 3), 3)
  assert.throws(() => countValues(hex('30 06 05 00 05 00 04 7f'), 4), malformed)
})

for (const octets of [
  '05',
  '05 00 05',
  '04 01',
  '30 02 04 01',
  '30 04 30 02 04 01',
  '30 03 05 00 05',
  '30 80 00 00',
  '04 85 00 00 00 00 00',
  '04 84 7f ff ff ff',
  '04 82 01',
  '1f 81 00',
])
  test(`LD-01: ${octets} is not what it says`, () => assert.throws(() => countValues(hex(octets), 99), malformed))

test('LD-02: 4 MiB of values in one another are counted', () => {
  let octets = Buffer.alloc(4 * 1024 * 1024)
  let length = 0
  for (let at = octets.length - 6; at >= 0; at -= 6) {
    octets.set([0x30, 0x84, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff], at)
    length += 6
  }
  octets = octets.subarray(octets.length - length)
  assert.equal(countValues(octets, Number.POSITIVE_INFINITY), length / 6)
})

test('a header that is not whole yet is undefined', () => {
  for (const octets of ['', '30', '30 82', '30 82 01'])
    assert.equal(readHeader(hex(octets), 0, hex(octets).length), undefined)
})

const reads: ReadonlyArray<[what: string, octets: string, read: (reader: BerReader) => unknown]> = [
  ['nothing', '', (reader) => reader.text()],
  ['another tag', '02 01 00', (reader) => reader.text()],
  ['half a text', '04 02 61', (reader) => reader.text()],
  ['text that is not UTF-8', '04 02 c3 28', (reader) => reader.text()],
  ['a surrogate in UTF-8', '04 03 ed a0 80', (reader) => reader.text()],
  ['an empty integer', '02 00', (reader) => reader.integer(0, 9)],
  ['an integer of five octets', '02 05 00 00 00 00 01', (reader) => reader.integer(0, 9)],
  ['an integer beyond what is asked', '02 01 0a', (reader) => reader.integer(0, 9)],
  ['an empty boolean', '01 00', (reader) => reader.boolean()],
]
for (const [what, octets, read] of reads)
  test(`${what} is refused`, () => assert.throws(() => read(new BerReader(hex(octets))), malformed))

test('a replacement character of its own is text', () =>
  assert.equal(new BerReader(hex('04 03 ef bf bd')).text(), '\ufffd'))
