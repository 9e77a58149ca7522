// `npm test`: everything, from a clean clone. Plain JavaScript, because it runs before the project's own Node is there.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled } from '../controllers/start/install.mjs'
import { installPrograms } from './programs.mjs'

const ROOT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const BIN = join(ROOT, 'node_modules', '.bin')

const HELP = `usage: npm test [-- PATTERN …]

Without a pattern: types, lint, architecture, the tests beside the source, then the suites on real programs.
With patterns: only the test files that match (globs, relative to the project).`

// As the core does for itself.
const NODE = ['--import', './core/store/drizzle-resolution.ts', '--test-reporter=spec']
const BESIDE_THE_SOURCE = '{schema,core,outposts,controllers}/**/*.test.ts'
const INTEGRATION = join('test', 'integration')
/** Young objects are most of what suites make: collected less often, they cost a tenth less. */
const ROOM = '--max-semi-space-size=32'
/** Long ones first: what is left at the end is short. */
const FIRST = [
  'e2e',
  'kubernetes',
  'docker',
  'docker-fleet',
  'custom-resources',
  'flows',
  'fuzz',
  'controllers',
  'core',
]
/** Engines make suites wait, so that four keep two cores busy; where a machine decides alone, quiet is worth minutes. */
const AT_A_TIME = process.env.CI === 'true' ? 3 : 4
/** Of what runs at the same time, one is shown while it runs; the others when they are done. */
const LIVE = { live: true }

/** Types, lint, and the tests beside the source, which share one process: most of them are shorter than its start. */
const CHECKS = [
  ['types', 'tsc', ['--noEmit']],
  ['lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['tests beside the source', 'node', [...NODE, '--test', '--test-isolation=none', BESIDE_THE_SOURCE], LIVE],
]

/** The suites on real programs: those of a folder in one process, in turns. */
const SUITES = [
  ...['architecture', 'conformance', 'e2e'].map((name) => [name, join('test', name)]),
  ...readdirSync(join(ROOT, INTEGRATION)).map((name) => [name, join(INTEGRATION, name)]),
]
  .sort(([one], [other]) => turnOf(one) - turnOf(other))
  .map(([name, folder]) => [name, 'node', [ROOM, ...NODE, 'test/together.ts', ...testsIn(folder)]])

function turnOf(name) {
  const place = FIRST.indexOf(name)
  return place === -1 ? FIRST.length : place
}

function testsIn(folder) {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.test.ts'))
  return names.sort().map((name) => join(folder, name))
}

/** Runs a step to its end. Returns whether it succeeded. */
async function step(name, command, args, { live = false } = {}) {
  const child = spawn(join(BIN, command), args, {
    cwd: ROOT,
    stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
    env: {
      NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'compiled'),
      ...process.env,
      PATH: `${BIN}:${process.env.PATH}`,
    },
  })
  const printed = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => printed.push(chunk))
  const status = await new Promise((resolve) => {
    child.once('error', () => resolve(1))
    child.once('close', resolve)
  })
  if (!live) process.stdout.write(Buffer.concat([Buffer.from(`\n— ${name}\n`), ...printed]))
  if (status !== 0) console.error(`${name} failed`)
  return status === 0
}

/** Runs all, so many at a time; returns whether all succeeded. */
async function every(steps, atATime = steps.length) {
  const waiting = [...steps]
  let good = true
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      console.error(`\n… ${next[0]} (${waiting.length} more to begin)`)
      good = (await step(...next)) && good
    }
  }
  await Promise.all(Array.from({ length: atATime }, lane))
  return good
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
const good =
  patterns.length === 0
    ? (await every(CHECKS)) && (await every(SUITES, AT_A_TIME))
    : await step('tests', 'node', [...NODE, '--test', '--test-concurrency=2', ...patterns], LIVE)
if (!good) process.exitCode = 1
