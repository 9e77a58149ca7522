import assert from 'node:assert/strict'
import test from 'node:test'
import { addressText, isAtLocalhost, reachableAddress } from './listen-address.ts'

const rows: ReadonlyArray<[host: string, text: string, reached: string, isAtLocalhost: boolean]> = [
  ['127.0.0.1', '127.0.0.1:80', '127.0.0.1:80', true],
  ['0.0.0.0', '0.0.0.0:80', '127.0.0.1:80', true],
  ['::', '[::]:80', '127.0.0.1:80', true],
  ['0:0::0', '[0:0::0]:80', '127.0.0.1:80', true],
  ['::1', '[::1]:80', '[::1]:80', true],
  ['localhost', 'localhost:80', 'localhost:80', true],
  ['127.0.0.2', '127.0.0.2:80', '127.0.0.2:80', false],
  ['192.0.2.1', '192.0.2.1:80', '192.0.2.1:80', false],
  ['2001:db8::1', '[2001:db8::1]:80', '[2001:db8::1]:80', false],
  ['ff00::', '[ff00::]:80', '[ff00::]:80', false],
  ['core.example', 'core.example:80', 'core.example:80', false],
]
for (const [host, text, reached, atLocalhost] of rows)
  test(`what listens on ${host} is reached at ${reached}`, () => {
    const address = { host, port: 80 }
    assert.equal(addressText(address), text)
    assert.equal(addressText(reachableAddress(address)), reached)
    assert.equal(isAtLocalhost(address), atLocalhost)
  })
