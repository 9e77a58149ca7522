import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { hasTool } from '#test/support/engines/tools.ts'
import { mayMount } from '#test/support/small-disk.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const WATCHED = `
  import { watchForSilence } from '#core/tasks/silence-watchdog.ts'
  import { silentLogger } from '#schema/kernel/logger.ts'
  const watching = watchForSilence(silentLogger, { looks: 20, everyMs: 50 })
  const spin = (ms) => { for (const end = performance.now() + ms; performance.now() < end; ) Math.random() }
`

interface Surroundings {
  readonly options?: readonly string[]
  /** What starts the process. */
  readonly by?: readonly string[]
}

/** How a process ends whose main thread does this while it is watched, with a second of patience. */
async function ended(work: string, { options = [], by = [] }: Surroundings = {}) {
  const [command, ...args] = [...by, process.execPath, ...options, '--input-type=module', '--eval', WATCHED + work]
  const child = spawn(command!, args, {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
  })
  const [printed, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code, signal, printed }
}

test('a main thread that runs no callbacks any more ends its process, with a line that says so', async () => {
  const { signal, printed } = await ended('for (;;) Math.random()')
  assert.equal(signal, 'SIGKILL')
  const lines = printed.trim().split('\n')
  assert.equal(lines.length, 1)
  const { timestamp, ...line } = JSON.parse(lines[0]!)
  assert.ok(Date.parse(timestamp) > 0)
  assert.equal(line.level, 'error')
  assert.equal(line.code, 'MRT_SILENT')
  assert.match(line.event, /main thread/)
})

test('the first process of a container, which no signal from inside ends, ends too', async (t) => {
  if (!mayMount(t) || !(await hasTool(t, 'unshare', 'util-linux'))) return
  const { signal, printed } = await ended('for (;;) Math.random()', { by: ['unshare', '--pid', '--fork'] })
  assert.equal(signal, 'SIGTRAP')
  assert.match(printed, /MRT_SILENT/)
})

test('SIGTERM, which such a process does not hear, changes nothing', async () => {
  const { signal } = await ended(`process.on('SIGTERM', () => {}); process.kill(process.pid, 'SIGTERM'); spin(50_000)`)
  assert.equal(signal, 'SIGKILL')
})

const LIVING: ReadonlyArray<[what: string, work: string, surroundings?: Surroundings]> = [
  ['is busy, but answers now and then', `let n = 0; setInterval(() => { spin(200); if (++n > 12) process.exit() })`],
  ['has nothing to do', ''],
  ['watches no more', 'watching[Symbol.dispose](); spin(2_000)'],
  ['is debugged', 'spin(2_000)', { options: ['--inspect=127.0.0.1:0'] }],
]
for (const [what, work, surroundings] of LIVING)
  test(`a process whose main thread ${what} ends by itself`, async () => {
    const { code, signal, printed } = await ended(work, surroundings)
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, printed)
    assert.doesNotMatch(printed, /MRT_SILENT/)
  })

test('a stopped process is not silent when it goes on', async () => {
  const work = `import { spawn } from 'node:child_process'
    spawn('sh', ['-c', 'kill -STOP $0; sleep 2; kill -CONT $0', String(process.pid)]).once('exit', () => process.exit(7))`
  const { code, signal } = await ended(work)
  assert.deepEqual({ code, signal }, { code: 7, signal: null })
})
