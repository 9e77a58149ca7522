import assert from 'node:assert/strict'
import test from 'node:test'
import { joinUrl } from './url-join.ts'

const vectors: ReadonlyArray<[base: string, path: string, url: string]> = [
  ['http://core.example', '/api/v3/', 'http://core.example/api/v3/'],
  ['http://core.example/', 'api/v3/', 'http://core.example/api/v3/'],
  ['https://example.com/auth', '/api/v3/core/users/?page=2', 'https://example.com/auth/api/v3/core/users/?page=2'],
  ['https://example.com/auth/?old=1#part', '/ws/', 'https://example.com/auth/ws/'],
  ['http://core.example', '//evil.example/x', 'http://core.example/evil.example/x'],
  ['http://core.example', '/a?next=http://b/?c', 'http://core.example/a?next=http://b/?c'],
]
for (const [base, path, url] of vectors) test(`${base} + ${path}`, () => assert.equal(joinUrl(base, path).href, url))
