import assert from 'node:assert/strict'
import test from 'node:test'
import { sourceFiles } from './source-tree.ts'

/** Ideas that live in exactly one place; a second definition elsewhere is a copy that will drift. */
const HOMES: ReadonlyArray<[idea: string, home: RegExp, definition: RegExp]> = [
  ['durations', /^schema\/kernel\/duration\.ts$/, /function \w*parseDuration\w*/i],
  ['back-off', /^schema\/kernel\/backoff\.ts$/, /function \w*backoff\w*\(/i],
  [
    'constant-time comparison',
    /^schema\/kernel\/equal\.ts$/,
    /timingSafeEqual|function (?:constantTime|safeEqual|equalOctets)/,
  ],
  ['deep merge', /^schema\/kernel\/deep-merge\.ts$/, /function deepMerge/i],
  ['secrets that cannot be printed', /^schema\/kernel\/secret\.ts$/, /class Secret\b/],
  ['JSON patch', /^schema\/kernel\/json-patch\.ts$/, /from 'fast-json-patch'/],
  ['URL joining', /^schema\/kernel\/url-join\.ts$/, /function joinUrl/],
  ['the access gate', /^core\/access\/gate\.ts$/, /function mayOpenApplication/],
  ['flow solving', /^outposts\/flow\//, /'ak-stage-authenticator-validate'\s*:/],
  [
    'forwarded headers',
    /^(?:outposts\/http\/codec\/forwarded|core\/http\/client-ip)\.ts$/,
    /function \w*[fF]orwardedFor\w*\(/,
  ],
]

for (const [idea, home, definition] of HOMES) {
  test(`one home: ${idea}`, () => {
    const strangers = sourceFiles().filter(({ path, text }) => !home.test(path) && definition.test(text))
    assert.deepEqual(
      strangers.map(({ path }) => path),
      [],
    )
  })
}
