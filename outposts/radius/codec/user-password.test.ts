import assert from 'node:assert/strict'
import test from 'node:test'
import { fromHex, octets } from '#test/support/radius.ts'
import { RadiusEncodeError } from './radius-encode-error.ts'
import { hidePassword, revealPassword } from './user-password.ts'

const SECRET = octets('xyzzy5461')
const AUTHENTICATOR = fromHex('0f403f9473978057bd83d5cb98f4227a')

test('RFC 2865 §7.1: arctangent', () => {
  const hidden = fromHex('0dbe708d93d413ce3196e43f782a0aee')
  assert.deepEqual(hidePassword(octets('arctangent'), SECRET, AUTHENTICATOR), hidden)
  assert.deepEqual(revealPassword(hidden, SECRET, AUTHENTICATOR), octets('arctangent'))
})

const lengths: ReadonlyArray<[password: number, hidden: number]> = [
  [0, 16],
  [3, 16],
  [15, 16],
  [16, 16],
  [17, 32],
  [48, 48],
  [128, 128],
]
for (const [length, hiddenLength] of lengths)
  test(`a password of ${length} octets is hidden in ${hiddenLength}, and comes back`, () => {
    const password = Uint8Array.from({ length }, (_, index) => 1 + (index % 255))
    const hidden = hidePassword(password, SECRET, AUTHENTICATOR)
    assert.equal(hidden.length, hiddenLength)
    assert.deepEqual(revealPassword(hidden, SECRET, AUTHENTICATOR), password)
  })

test('RD-11: octets that are not UTF-8 and NUL inside come back exactly', () => {
  const password = fromHex('61ff00fe62')
  assert.deepEqual(revealPassword(hidePassword(password, SECRET, AUTHENTICATOR), SECRET, AUTHENTICATOR), password)
})

for (const length of [0, 1, 15, 17, 31, 127, 129, 144, 253])
  test(`RD-11, RD-22: a value of ${length} octets is no hidden password`, () =>
    assert.equal(revealPassword(new Uint8Array(length), SECRET, AUTHENTICATOR), undefined))

test('a password of 129 octets is refused with its shortfall', () => {
  assert.throws(
    () => hidePassword(new Uint8Array(129), SECRET, AUTHENTICATOR),
    (error) => error instanceof RadiusEncodeError && error.shortfallOctets === 1,
  )
})
