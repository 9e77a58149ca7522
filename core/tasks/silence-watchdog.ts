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

/** What both threads see: how often the main one was there, and whether somebody debugs it. */
export const Cell = { beats: 0, debugged: 1 } as const

/** What the watching thread is given. */
export interface Watched extends Patience {
  readonly cells: Int32Array
}

/**
 * Ends this process with SIGKILL (SIGTRAP as the first of a container), after a line on stderr, when its main thread runs no callbacks any more: nothing else
 * can, as signals are callbacks too, and whoever supervises the process sees it as alive. The looks are counted, not the
 * time, so that a machine that slept or a process that was stopped is not taken for one. Disposing ends it.
 */
export function watchForSilence(log: Logger, patience = PATIENCE): Disposable {
  const cells = new Int32Array(new SharedArrayBuffer(8))
  const beat = () => {
    Atomics.store(cells, Cell.debugged, inspectorUrl() === undefined ? 0 : 1)
    Atomics.add(cells, Cell.beats, 1)
  }
  beat()
  const timer = setInterval(beat, patience.everyMs).unref()
  const thread = new Worker(new URL('./silence-watchdog-thread.ts', import.meta.url), {
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
