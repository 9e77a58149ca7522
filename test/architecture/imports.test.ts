import assert from 'node:assert/strict'
import { dirname, join, relative } from 'node:path'
import test from 'node:test'
import { importsOf, ROOT, sourceFiles } from './source-tree.ts'

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  schema: ['schema'],
  core: ['schema', 'core'],
  outposts: ['schema', 'outposts'],
  controllers: ['schema', 'controllers'],
}
const SCHEMA_PACKAGES = new Set(['zod', 'yaml', 'fast-json-patch'])
const IO =
  /^(?:node:(?:net|dgram|tls|http|https|http2|fs|fs\/promises|child_process|dns|dns\/promises|worker_threads|cluster|timers|timers\/promises|process|os)|undici|ws|pg|axios|express|drizzle-orm|@electric-sql\/pglite|pino|prom-client|http-proxy|@kubernetes\/client-node)(?:\/|$)/
const PURE = /\/(?:codec|plan|desired|patch|domain)\//
const AMBIENT =
  /\bprocess\.|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bfetch\(|\brandomBytes\(/
const SIBLING_KINDS = /^outposts\/(http|ldap|radius)\//

/** The project path that a specifier names, undefined for a package. */
function target(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1)
  if (specifier.startsWith('.')) return relative(ROOT, join(ROOT, dirname(file), specifier))
  return undefined
}

for (const { path, text } of sourceFiles({ withTests: true })) {
  test(`imports of ${path}`, () => {
    const from = path.split('/')[0]!
    const isTest = path.endsWith('.test.ts')
    for (const specifier of importsOf(text)) {
      const place = target(path, specifier)
      if (place !== undefined) {
        const to = place.split('/')[0]!
        assert.ok(
          MAY_IMPORT[from]!.includes(to) || (isTest && to === 'test'),
          `${from} must not import ${to} (${specifier})`,
        )
        const own = SIBLING_KINDS.exec(path)?.[1]
        const other = SIBLING_KINDS.exec(place)?.[1]
        assert.ok(own === undefined || other === undefined || own === other, `${own} must not import ${other}`)
        continue
      }
      if (isTest) continue
      if (from === 'schema') {
        assert.ok(
          SCHEMA_PACKAGES.has(specifier.split('/')[0]!),
          `schema imports zod, yaml and fast-json-patch only (${specifier})`,
        )
      } else if (PURE.test(path)) assert.doesNotMatch(specifier, IO, 'pure code does no I/O')
    }
  })
}

for (const { path, text } of sourceFiles()) {
  if (!PURE.test(path) && !path.startsWith('schema/')) continue
  test(`${path} takes time, chance and settings as arguments`, () => {
    const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
    assert.doesNotMatch(code, AMBIENT)
  })
}

for (const { path, text } of sourceFiles()) {
  if (/\/config\/|(?:^|\/)main\.ts$|\/commands\//.test(path)) continue
  test(`${path} reads no environment`, () => assert.doesNotMatch(text, /process\.(?:env|argv)\b/))
}
