import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import test from 'node:test'
import { fromHex, octets } from '#test/support/radius.ts'
import { hmacMd5, md5 } from './md5.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const digests: ReadonlyArray<[text: string, digest: string]> = [
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
]
for (const [text, digest] of digests)
  test(`RFC 1321 §A.5: MD5 of "${text}"`, () => {
    assert.equal(hex(md5(octets(text))), digest)
  })

const keyed: ReadonlyArray<[number: number, key: Uint8Array, data: Uint8Array, digest: string]> = [
  [1, fromHex('0b'.repeat(16)), octets('Hi There'), '9294727a3638bb1c13f48ef8158bfc9d'],
  [2, octets('Jefe'), octets('what do ya want for nothing?'), '750c783e6ab0b503eaa86e310a5db738'],
  [3, fromHex('aa'.repeat(16)), fromHex('dd'.repeat(50)), '56be34521d144c88dbb8c733f0e8b3f6'],
  [
    6,
    fromHex('aa'.repeat(80)),
    octets('Test Using Larger Than Block-Size Key - Hash Key First'),
    '6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd',
  ],
]
for (const [number, key, data, digest] of keyed)
  test(`RFC 2202 §2: HMAC-MD5, test case ${number}`, () => {
    assert.equal(hex(hmacMd5(key, data)), digest)
  })

test('every length of key and text gives what OpenSSL gives', () => {
  const all = Uint8Array.from({ length: 300 }, (_, index) => (index * 7) % 256)
  for (let length = 0; length <= 255; length++) {
    const [key, data] = [all.subarray(0, length), all.subarray(300 - length)]
    assert.equal(hex(md5(data)), createHash('md5').update(data).digest('hex'))
    assert.equal(hex(hmacMd5(key, data)), createHmac('md5', key).update(data).digest('hex'))
  }
})
