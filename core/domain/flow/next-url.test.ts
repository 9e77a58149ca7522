import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { localPath } from './next-url.ts'

const CORPUS = join(import.meta.dirname, '..', '..', '..', 'test', 'vectors', 'http', 'hostile-redirects.txt')
const hostile = readFileSync(CORPUS, 'utf8').trim().split('\n')

test('the corpus has hostile targets', () => assert.ok(hostile.length > 100))

for (const line of hostile)
  test(`FL-18: ${line} is no place to go`, () => {
    const path = localPath(JSON.parse(line))
    // Whatever is let through must stay on the origin, however often it is resolved.
    if (path !== undefined) {
      assert.ok(path.startsWith('/') && !path.startsWith('//'))
      assert.equal(new URL(path, 'https://core.example').host, 'core.example')
      assert.doesNotMatch(path.split('?')[0]!, /evil|google/)
    }
  })

const good: ReadonlyArray<[next: string, path: string]> = [
  ['/', '/'],
  ['/if/user/', '/if/user/'],
  [
    '/application/o/authorize/?client_id=a&redirect_uri=http%3A%2F%2Fx%2Fcb',
    '/application/o/authorize/?client_id=a&redirect_uri=http%3A%2F%2Fx%2Fcb',
  ],
  ['/a/../b?x=1#y', '/b?x=1#y'],
  ['/caf%C3%A9', '/caf%C3%A9'],
]
for (const [next, path] of good) test(`${next} stays`, () => assert.equal(localPath(next), path))
