import { writeSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { workerData } from 'node:worker_threads'
import { Cell, type Watched } from './silence-watchdog.ts'

const { cells, looks, everyMs } = workerData as Watched
const STDERR = 2

let seen = 0
let silent = 0
setInterval(() => {
  const beats = Atomics.load(cells, Cell.beats)
  silent = beats === seen ? silent + 1 : 0
  seen = beats
  if (silent >= looks && Atomics.load(cells, Cell.debugged) === 0) end()
}, everyMs)

function end(): void {
  const line = {
    level: 'error',
    timestamp: new Date(performance.timeOrigin + performance.now()).toISOString(),
    logger: 'core',
    code: 'MRT_SILENT',
    silent_ms: looks * everyMs,
    event: 'the main thread does not answer: the process is ended, for whoever supervises it to start again',
  }
  try {
    writeSync(STDERR, `${JSON.stringify(line)}\n`)
  } catch {
    // Nobody reads it any more.
  }
  process.kill(process.pid, 'SIGKILL')
  // Only the first process of a container is still there: it hears no signal from inside, but a trap ends it too.
  setFlagsFromString('--allow-natives-syntax')
  runInThisContext('%SystemBreak()')
}
