import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { redirectTarget } from './redirect-target.ts'

const EXTERNAL = new URL('https://app.example')
const CORPUS = join(import.meta.dirname, '..', '..', '..', 'test', 'vectors', 'http', 'hostile-redirects.txt')

for (const line of readFileSync(CORPUS, 'utf8').trim().split('\n'))
  test(`PX-14: ${line} leads nowhere else`, () => {
    const target = redirectTarget(JSON.parse(line), EXTERNAL)
    if (target !== undefined) assert.equal(new URL(EXTERNAL.origin + target).origin, EXTERNAL.origin)
  })

const good: ReadonlyArray<[text: string, target: string]> = [
  ['https://app.example/deep/link?a=1&b=%2F#part', '/deep/link?a=1&b=%2F#part'],
  ['/deep?x=1', '/deep?x=1'],
]
for (const [text, target] of good)
  test(`PX-37: ${text} is kept`, () => assert.equal(redirectTarget(text, EXTERNAL), target))

for (const text of [
  'http://app.example/',
  'https://app.example.evil/',
  'https://app.example:444/',
  'https://evil@app.example/',
  'https://xapp.example/',
])
  test(`PX-14: ${text} is another place`, () => assert.equal(redirectTarget(text, EXTERNAL), undefined))
