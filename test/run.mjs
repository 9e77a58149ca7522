// `npm test`: everything, from a clean clone. Plain JavaScript, because it runs before the project's own Node is there.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ensureInstalled } from '../controllers/start/install.mjs'
import { installPrograms } from './programs.mjs'

const ROOT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const BIN = join(ROOT, 'node_modules', '.bin')

const HELP = `usage: npm test [-- PATTERN …]

Without a pattern: types, lint, architecture, the tests beside the source, then the suites on real programs.
With patterns: only the test files that match (globs, relative to the project).`

const STEPS = [
  ['types', 'tsc', ['--noEmit']],
  ['lint', 'biome', ['check', '--error-on-warnings', '.']],
]
const EVERYTHING = ['{schema,core,outposts,controllers}/**/*.test.ts', 'test/**/*.test.ts']

function step(name, command, args) {
  console.error(`\n— ${name}`)
  const { status } = spawnSync(join(BIN, command), args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'compiled'),
      ...process.env,
      PATH: `${BIN}:${process.env.PATH}`,
    },
  })
  if (status !== 0) {
    console.error(`${name} failed`)
    process.exit(1)
  }
}

const patterns = process.argv.slice(2)
if (patterns.includes('--help')) {
  console.log(HELP)
  process.exit(0)
}
ensureInstalled(ROOT)
const missing = installPrograms()
if (missing.length > 0) {
  const packages = missing.map(({ debian }) => debian).join(' ')
  if (process.env.CI === 'true') {
    console.error(`These programs are missing and cannot be installed here: ${packages}`)
    process.exit(1)
  }
  console.error(`Suites that need missing programs are skipped. To run them: apt-get install ${packages}`)
}
if (patterns.length === 0) for (const [name, command, args] of STEPS) step(name, command, args)
step('tests', 'node', [
  // As the core does for itself.
  '--import',
  './core/store/drizzle-resolution.ts',
  '--test',
  '--test-concurrency=2',
  '--test-reporter=spec',
  ...(patterns.length > 0 ? patterns : EVERYTHING),
])
