import { url as inspectorUrl } from 'node:inspector'
import { Worker } from 'node:worker_threads'
import type { Logger } from '#schema/kernel/logger.ts'

/** How long the main thread may be silent, in looks that the watching thread takes at it. */
export interface Patience {
  readonly looks: number
  readonly everyMs: number
}

/** A minute: no work of a core that has started keeps its thread for that long. */
const PATIENCE: Patience = { looks: 60, everyMs: 1_000 }

/** What the watching thread is given. */
interface Watched extends Patience {
  /** What both threads see: how often the main one was there, and 1 while somebody debugs it. */
  readonly cells: Int32Array
}

const BEATS = 0
const DEBUGGED = 1

/**
 * Ends this process with SIGKILL (SIGTRAP as the first of a container), after a line on stderr, when its main thread runs no callbacks any more: nothing else
 * can, as signals are callbacks too, and whoever supervises the process sees it as alive. The looks are counted, not the
 * time, so that a machine that slept or a process that was stopped is not taken for one. Disposing ends it.
 */
export function watchForSilence(log: Logger, patience = PATIENCE): Disposable {
  const cells = new Int32Array(new SharedArrayBuffer(8))
  const beat = () => {
    Atomics.store(cells, DEBUGGED, inspectorUrl() === undefined ? 0 : 1)
    Atomics.add(cells, BEATS, 1)
  }
  beat()
  const timer = setInterval(beat, patience.everyMs).unref()
  const thread = new Worker(`(${watch})()`, {
    eval: true,
    workerData: { cells, ...patience } satisfies Watched,
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  })
  thread.on('error', (cause) => log.warning('nothing watches the main thread any more', { cause }))
  thread.unref()
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      void thread.terminate()
    },
  }
}

/**
 * What the thread does: all by itself, because it is handed over as its text. A thread that loads a module would load
 * what reads TypeScript too, which takes more memory than everything else of it.
 */
function watch(): void {
  const { writeSync } = process.getBuiltinModule('node:fs')
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
  const { runInThisContext } = process.getBuiltinModule('node:vm')
  const { cells, looks, everyMs } = process.getBuiltinModule('node:worker_threads').workerData as Watched
  let seen = 0
  let silent = 0
  setInterval(() => {
    const [beats, debugged] = [Atomics.load(cells, 0), Atomics.load(cells, 1)]
    silent = beats === seen ? silent + 1 : 0
    seen = beats
    if (silent >= looks && debugged === 0) end()
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
      writeSync(2, `${JSON.stringify(line)}\n`)
    } catch {
      // Nobody reads it any more.
    }
    process.kill(process.pid, 'SIGKILL')
    // Only the first process of a container is still there: it hears no signal from inside, but a trap ends it too.
    setFlagsFromString('--allow-natives-syntax')
    runInThisContext('%SystemBreak()')
  }
}
