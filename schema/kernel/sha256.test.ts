import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { sha256 } from './sha256.ts'

/** FIPS 180-4's examples. */
const VECTORS: ReadonlyArray<[text: string, hash: string]> = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
]
for (const [text, hash] of VECTORS) test(`SHA-256 of "${text}"`, () => assert.equal(sha256(text), hash))

test('SHA-256 is what Node says it is, at every length around the blocks', () => {
  for (let length = 0; length <= 260; length++) {
    const text = 'aé€😀'.repeat(70).slice(0, length)
    assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'), `${length} characters`)
  }
})
