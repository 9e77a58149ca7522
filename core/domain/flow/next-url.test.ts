import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { localPath } from './next-url.ts'

const CORPUS = join(import.meta.dirname, '..', '..', '..', 'test', 'vectors', 'http', 'hostile-redirects.txt')
const hostile = readFileSync(CORPUS, 'utf8').trim().split('\n')

test('FL-18: the corpus has hostile targets of many kinds, each once', () => {
  assert.ok(hostile.length >= 300)
  assert.equal(new Set(hostile).size, hostile.length)
})

for (const line of hostile)
  test(`FL-18: ${line.slice(0, 80)} is no place to go`, () => assert.equal(localPath(JSON.parse(line)), undefined))

const good: ReadonlyArray<[next: string, path: string]> = [
  ['/', '/'],
  ['/if/user/', '/if/user/'],
  [
    '/application/o/authorize/?client_id=a&redirect_uri=http%3A%2F%2Fx%2Fcb',
    '/application/o/authorize/?client_id=a&redirect_uri=http%3A%2F%2Fx%2Fcb',
  ],
  ['/a/../b?x=1#y', '/b?x=1#y'],
  ['/caf%C3%A9', '/caf%C3%A9'],
  [
    '/if/flow/default-authentication-flow/?next=//evil.example',
    '/if/flow/default-authentication-flow/?next=//evil.example',
  ],
  ['/application/o/some_app.1~x/', '/application/o/some_app.1~x/'],
  ['/if/user/?search=é', '/if/user/?search=%C3%A9'],
  ['/#/applications;{"x":1}', '/#/applications;{%22x%22:1}'],
]
for (const [next, path] of good) test(`${next} stays`, () => assert.equal(localPath(next), path))
