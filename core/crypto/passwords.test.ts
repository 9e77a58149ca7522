import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, isOutdatedHash, verifyPassword } from './passwords.ts'

// The first is a vector of the Argon2 reference implementation, the second was made with Python's hashlib.
const ARGON2 = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
const DJANGO = 'pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso='

const vectors: ReadonlyArray<[name: string, text: string, stored: string | null, matches: boolean]> = [
  ['the reference vector', 'password', ARGON2, true],
  ['another password', 'Password', ARGON2, false],
  ['an empty password', '', ARGON2, false],
  ['a hash of Django', 'correct horse', DJANGO, true],
  ['the wrong password of Django', 'correct horse ', DJANGO, false],
  ['no password', 'password', null, false],
  ['an unusable password of Django', '!', '!unusable', false],
  ['plain text', 'password', 'password', false],
  ['a cut hash', 'password', ARGON2.slice(0, -1), false],
  ['a hash that asks for all memory', 'password', ARGON2.replace('65536', '999999999'), false],
  ['no iterations', 'correct horse', DJANGO.replace('1000', '0'), false],
]
for (const [name, text, stored, matches] of vectors)
  test(`${name}: ${matches}`, async () => assert.equal(await verifyPassword(text, stored), matches))

test('a fresh hash verifies, is salted, and is up to date', async () => {
  const [first, second] = await Promise.all([hashPassword('pass☃word'), hashPassword('pass☃word')])
  assert.notEqual(first, second)
  assert.equal(await verifyPassword('pass☃word', first), true)
  assert.equal(await verifyPassword('pass☃wor', first), false)
  assert.deepEqual([first, ARGON2, DJANGO].map(isOutdatedHash), [false, true, true])
})
