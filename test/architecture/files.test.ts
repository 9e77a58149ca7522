import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import test from 'node:test'
import { ROOT, sourceFiles } from './source-tree.ts'

const LONG = 350
const TOO_LONG = 600
const BAGS = /(?:^|\/)(?:utils?|helpers?|common|types|misc|manager|index)\.ts$/
const TOP_LEVEL = new Set([
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'biome.json',
  'core',
  'outposts',
  'controllers',
  'schema',
  'test',
  'Dockerfile.core',
  'Dockerfile.outpost',
  'compose.yaml',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'node_modules',
])

test('the top level holds what the architecture names, and nothing else', () => {
  const strange = readdirSync(ROOT).filter((name) => !name.startsWith('.') && !TOP_LEVEL.has(name))
  assert.deepEqual(strange, [])
})

test('files are small: the median is 150 lines or less', () => {
  const lengths = sourceFiles()
    .map(({ text }) => text.split('\n').length)
    .sort((a, b) => a - b)
  assert.ok(lengths[Math.floor(lengths.length / 2)]! <= 150)
})

for (const { path, text } of sourceFiles({ withTests: true })) {
  const lines = text.split('\n').length
  test(`${path} has one reason to change`, () => {
    assert.doesNotMatch(path, BAGS)
    assert.match(path, /^[a-z0-9/.-]+\.ts$/, 'kebab-case')
    assert.ok(lines <= TOO_LONG, `${lines} lines`)
    if (lines > LONG && !path.endsWith('.test.ts'))
      assert.match(text, /^\/[/*]/, `${lines} lines need a reason in the header comment`)
    assert.doesNotMatch(text, /^export default\b/m, 'no default exports')
    assert.doesNotMatch(text, /^export \* from/m, 'no barrels')
  })
}
