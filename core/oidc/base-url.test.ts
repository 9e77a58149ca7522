import assert from 'node:assert/strict'
import { test } from 'node:test'
import { baseUrl } from './base-url.ts'

const rows: ReadonlyArray<[protocol: string, host: string, base: string | undefined]> = [
  ['http', 'localhost:9000', 'http://localhost:9000/'],
  ['https', 'SSO.example.com', 'https://sso.example.com/'],
  ['https', '[::1]:9443', 'https://[::1]:9443/'],
  ['javascript', 'h', 'http://h/'],
  ['https', 'h/path', undefined],
  ['https', 'user@h', undefined],
  ['https', 'h?x', undefined],
  ['https', 'h"><script>', undefined],
  ['https', 'h:99999', undefined],
  ['https', '', undefined],
]
for (const [protocol, host, base] of rows)
  test(`${protocol} at ${JSON.stringify(host)}`, () => assert.equal(baseUrl({ protocol, host })?.href, base))
