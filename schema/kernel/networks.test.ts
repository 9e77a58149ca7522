import assert from 'node:assert/strict'
import test from 'node:test'
import { isIn, parseAddress, parseNetwork, plainAddress } from './networks.ts'

const members: ReadonlyArray<[network: string, address: string, is: boolean]> = [
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.128/25', '192.0.2.127', false],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::/0', '2001:db8::1', true],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.7', '192.0.2.8', false],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['2001:db8::/33', '2001:db8:8000::', false],
  ['2001:db8::/33', '2001:db8:7fff::', true],
  ['fe80::/10', 'febf::1', true],
  ['127.0.0.0/8', 'localhost', false],
]
for (const [network, address, is] of members)
  test(`${address} is ${is ? '' : 'not '}in ${network}`, () =>
    assert.equal(isIn([parseNetwork(network)!], address), is))

for (const text of [
  '',
  '1.2.3',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.4.5',
  ':::',
  '1::2::3',
  'fe80::1%eth0',
  '12345::',
  '1:2:3:4:5:6:7:8:9',
  '::1.2.3',
  `${'1:'.repeat(30)}1`,
])
  test(`"${text}" is not an address`, () => assert.equal(parseAddress(text), undefined))

for (const text of ['1.2.3.4/33', '1.2.3.4/x', '::/129', '1.2.3.4/8/8', '1.2.3.4/', 'a/8'])
  test(`"${text}" is not a network`, () => assert.equal(parseNetwork(text), undefined))

const plain: ReadonlyArray<[address: string, is: string]> = [
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:c000:207', '::ffff:c000:207'],
  ['::ffff:192.0.2.', '::ffff:192.0.2.'],
  ['::ffff:evil', '::ffff:evil'],
  ['fe80::1%eth0', 'fe80::1'],
  ['', ''],
]
for (const [address, is] of plain) test(`${address} is told as "${is}"`, () => assert.equal(plainAddress(address), is))
