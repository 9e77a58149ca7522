import assert from 'node:assert/strict'
import test from 'node:test'
import { readSshPublicKey } from './ssh-host-key.ts'

/** RFC 4253 §6.6: the type as a string, then what the type wants; only the type is looked at. */
function encoded(type: string, rest = 'k'.repeat(32)): string {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(type.length)
  return Buffer.concat([length, Buffer.from(type + rest)]).toString('base64')
}

const ED25519 = `ssh-ed25519 ${encoded('ssh-ed25519')}`
for (const line of [
  ED25519,
  `${ED25519} root@host`,
  ` ${ED25519}\n`,
  `[docker.test]:2222 ${ED25519}`,
  `ecdsa-sha2-nistp256 ${encoded('ecdsa-sha2-nistp256')}`,
  `ssh-rsa ${encoded('ssh-rsa')}`,
])
  test(`${line.slice(0, 24)} is a key`, () => assert.ok(line.includes(`${readSshPublicKey(line)!.type} `)))

const wrong: ReadonlyArray<[what: string, line: string]> = [
  ['nothing', ''],
  ['a key of another type inside', `ssh-ed25519 ${encoded('ssh-rsa')}`],
  ['a type that ends elsewhere', `ssh-rsa ${encoded('ssh-rsa-x')}`],
  ['a type alone', `ssh-rsa ${encoded('ssh-rsa', '')}`],
  ['DSA', `ssh-dss ${encoded('ssh-dss')}`],
  ['a revoked key', `@revoked host ${ED25519}`],
  ['a comment', `# host ${ED25519}`],
  ['two lines', `${ED25519}\n${ED25519}`],
  ['what is not base64', 'ssh-ed25519 ???'],
  ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
]
for (const [what, line] of wrong) test(`${what} is no key`, () => assert.equal(readSshPublicKey(line), undefined))

test('the octets are those of the line', () =>
  assert.equal(Buffer.from(readSshPublicKey(ED25519)!.blob).toString('base64'), ED25519.split(' ')[1]))
