// `npm test`: everything, from a clean clone. Plain JavaScript, because it runs before the project's own Node is there.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureInstalled } from '../controllers/start/install.mjs'
import { installPrograms } from './programs.mjs'

const ROOT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const BIN = join(ROOT, 'node_modules', '.bin')

const HELP = `usage: npm test [-- PATTERN …]

Without a pattern: types, lint, architecture, the tests beside the source, then the suites on real programs.
With patterns: only the test files that match (globs, relative to the project).`

// As the core does for itself.
const NODE_TEST = ['--import', './core/store/drizzle-resolution.ts', '--test', '--test-reporter=spec']
const BESIDE_THE_SOURCE = '{schema,core,outposts,controllers}/**/*.test.ts'
/** Long suites that wait for engines more than they compute. */
const WAITING = 'custom-resources-recovery|docker-interruption|docker-recovery'
const SUITES = `test/{architecture,conformance,integration}/!(${WAITING}).test.ts`
const BESIDE_THE_SUITES = ['test/e2e/*.test.ts', `test/integration/@(${WAITING}).test.ts`]
/** Engines make suites wait, so that three keep two cores busy; where a machine decides alone, quiet is worth minutes. */
const AT_A_TIME = process.env.CI === 'true' ? 2 : 3
/** Of what runs at the same time, one is shown while it runs; the others when they are done. */
const LIVE = { live: true }

/**
 * What runs at the same time, then what comes after it. The tests beside the source share one process: most of them are
 * shorter than its start. The end-to-end suites, and some more that mostly wait, are beside all others.
 */
const STAGES = [
  [
    ['types', 'tsc', ['--noEmit']],
    ['lint', 'biome', ['check', '--error-on-warnings', '.']],
    ['tests beside the source', 'node', [...NODE_TEST, '--test-isolation=none', BESIDE_THE_SOURCE], LIVE],
  ],
  [
    ['suites', 'node', [...NODE_TEST, `--test-concurrency=${AT_A_TIME}`, SUITES], LIVE],
    ['end-to-end suites', 'node', [...NODE_TEST, '--test-concurrency=1', ...BESIDE_THE_SUITES]],
  ],
]

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
const stages =
  patterns.length === 0 ? STAGES : [[['tests', 'node', [...NODE_TEST, '--test-concurrency=2', ...patterns], LIVE]]]
for (const stage of stages) {
  console.error(`\n… ${stage.map(([name]) => name).join(', ')}`)
  const done = await Promise.all(stage.map((each) => step(...each)))
  if (!done.includes(false)) continue
  process.exitCode = 1
  break
}
