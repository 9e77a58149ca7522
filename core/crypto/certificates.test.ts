import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { generateCertificate, isPair, keyTypeName, readCertificate, readPrivateKey } from './certificates.ts'

const NOW = Date.UTC(2024, 0, 31)
const request = { commonName: 'a, b', subjectAltNames: ['*.example.com', '192.0.2.1', '::1'], validityDays: 10 }

test('a generated certificate is what was asked for', async () => {
  const pair = await generateCertificate({ ...request, keyType: 'ec' }, NOW)
  const parsed = new X509Certificate(pair.certificate)
  const key = readPrivateKey(pair.key)!
  assert.equal(parsed.verify(parsed.publicKey), true)
  assert.equal(isPair(pair.certificate, key), true)
  assert.equal(keyTypeName(key), 'ellipticcurve')
  assert.equal(parsed.ca, false)
  assert.equal(parsed.checkHost('www.example.com'), '*.example.com')
  assert.equal(parsed.checkIP('192.0.2.1'), '192.0.2.1')
  assert.equal(parsed.validFromDate.getTime(), NOW - 86_400_000)
  const facts = readCertificate(pair.certificate)!
  assert.equal(facts.notAfter.getTime(), NOW + 864_000_000)
  assert.equal(facts.subject, 'OU=Self-signed,O=Martello,CN=a\\, b')
  assert.match(facts.fingerprintSha256, /^([0-9a-f]{2}:){31}[0-9a-f]{2}$/)
  assert.match(facts.fingerprintSha1, /^([0-9a-f]{2}:){19}[0-9a-f]{2}$/)
})

test('what is no certificate or no key is undefined, and a foreign key is no pair', async () => {
  const [one, other] = await Promise.all([1, 2].map(() => generateCertificate({ ...request, keyType: 'ec' }, NOW)))
  for (const text of ['', 'text', one!.key, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])
    assert.equal(readCertificate(text), undefined)
  for (const text of ['', 'text', one!.certificate]) assert.equal(readPrivateKey(text), undefined)
  assert.equal(isPair(one!.certificate, readPrivateKey(other!.key)!), false)
})
