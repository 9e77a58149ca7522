import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '#schema/kernel/secret.ts'
import { openKeyRing, SealError } from './open-key-ring.ts'

const ring = openKeyRing(new Secret('a secret key that is long enough to be one'))
const PLACE = 'tokens.key_sealed:1'

for (const text of ['', 'plain', 'ünïcode ☃ 𝄞', 'x'.repeat(100_000)])
  test(`${text.length} characters come back from a seal`, () =>
    assert.equal(ring.unseal(ring.seal(text, PLACE), PLACE), text))

test('the same text never seals to the same value', () =>
  assert.notEqual(ring.seal('same', PLACE), ring.seal('same', PLACE)))

const sealed = ring.seal('secret', PLACE)
const octets = Buffer.from(sealed.slice(3), 'base64url')
const flipped = (at: number) => {
  const copy = Buffer.from(octets)
  copy[at]! ^= 1
  return `v1.${copy.toString('base64url')}`
}
const refused: ReadonlyArray<[name: string, value: string, place: string]> = [
  ['another row', sealed, 'tokens.key_sealed:2'],
  ['another column', sealed, 'tokens.key_hash:1'],
  ['a changed salt', flipped(0), PLACE],
  ['a changed nonce', flipped(16), PLACE],
  ['a changed text', flipped(28), PLACE],
  ['a changed tag', flipped(octets.length - 1), PLACE],
  ['a cut value', sealed.slice(0, -4), PLACE],
  ['another version', sealed.replace('v1', 'v2'), PLACE],
  ['plain text', 'secret', PLACE],
  ['nothing', '', PLACE],
]
for (const [name, value, place] of refused)
  test(`a seal refuses ${name}`, () => assert.throws(() => ring.unseal(value, place), SealError))

test('another secret_key opens nothing, and derives other keys', () => {
  const other = openKeyRing(new Secret('another secret key that is long enough too'))
  assert.throws(() => other.unseal(sealed, PLACE), SealError)
  assert.notDeepEqual(other.derive('cookie', 32), ring.derive('cookie', 32))
  assert.notDeepEqual(ring.derive('cookie', 32), ring.derive('csrf', 32))
  assert.equal(ring.derive('cookie', 48).length, 48)
})

test('a hash is SHA-256 in hex', () =>
  assert.equal(ring.hash('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'))
