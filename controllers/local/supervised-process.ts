import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import { type Generated, type ProcessMessage, processMessage } from '#schema/wire/process-messages.ts'

export interface ProcessSpec {
  readonly name: string
  /** File and arguments for this Node. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface ProcessEvents {
  /** One line that the process printed. */
  line(name: string, text: string): void
  ready(generated: readonly Generated[]): void
  /** It ended by itself and is started again after this many ms. */
  restarting(why: string, afterMs: number): void
  /** It ended for a reason that a restart would hardly mend; tried again after this many ms all the same. */
  failed(detail: string, afterMs: number): void
}

/** How a run ended: whether trying again helps. Of an error that nobody expected it is not known. */
interface End {
  readonly why: string
  readonly kind: 'final' | 'passing' | 'unexplained'
}

const RESTART = { firstMs: 500, capMs: 30_000 }
/** A port may become free, a setting may be mended. */
const RESTART_FAILED_MS = 60_000
/** So often it may end with an error that it does not know, before it has ever been ready. */
const UNEXPLAINED = 3
/** A run of this length was a good one: the next failure counts as the first. */
const STABLE_MS = 30_000
/** An outpost under a supervisor takes less, unless it hangs. */
const STOP_WITHIN_MS = 2_500

/**
 * Keeps one process running: restarts it with back-off, and ends it gracefully. The child shares our process group, so
 * it is told to leave SIGINT to us, and ends by itself when the channel to us is gone.
 */
export class SupervisedProcess {
  readonly spec: ProcessSpec
  readonly #events: ProcessEvents
  readonly #random: Random
  readonly #stop = new AbortController()
  #child: ChildProcess | undefined
  #running: Promise<void> | undefined
  #wasReady = false

  constructor(spec: ProcessSpec, events: ProcessEvents, random: Random) {
    this.spec = spec
    this.#events = events
    this.#random = random
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    this.#running ??= this.#keepRunning()
  }

  /** Resolves when the process has ended; it is killed if it takes longer than this. */
  async stop(withinMs = STOP_WITHIN_MS): Promise<void> {
    this.#stop.abort()
    this.#child?.kill('SIGTERM')
    const hard = setTimeout(() => this.#child?.kill('SIGKILL'), withinMs)
    await this.#running
    clearTimeout(hard)
  }

  async #keepRunning(): Promise<void> {
    let unexplained = 0
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      const startedAt = performance.now()
      const end = await this.#run()
      if (this.#stop.signal.aborted) return
      failures = performance.now() - startedAt >= STABLE_MS ? 1 : failures + 1
      unexplained = end.kind === 'unexplained' && !this.#wasReady ? unexplained + 1 : 0
      const isHopeless = unexplained >= UNEXPLAINED
      const isFinal = isHopeless || end.kind === 'final'
      const why = isHopeless ? `${end.why} ${unexplained} times before it was ready; what it printed says why` : end.why
      const afterMs = isFinal ? RESTART_FAILED_MS : backoffMs(failures, this.#random, RESTART)
      if (isFinal) this.#events.failed(why, afterMs)
      else this.#events.restarting(why, afterMs)
      await wait(afterMs, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  #run(): Promise<End> {
    const { name, args, env } = this.spec
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...env, MARTELLO_SUPERVISED: 'true' },
    })
    this.#child = child
    let failed: Extract<ProcessMessage, { kind: 'failed' }> | undefined
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream }).on('line', (text) => this.#events.line(name, text))
    child.on('message', (raw) => {
      const message = processMessage.safeParse(raw).data
      if (message?.kind === 'failed') failed = message
      if (message?.kind !== 'ready') return
      this.#wasReady = true
      this.#events.ready(message.generated)
    })
    const { promise, resolve } = Promise.withResolvers<End>()
    child.on('error', (cause) => resolve({ why: cause.message, kind: 'final' }))
    child.on('exit', (code, signal) => {
      this.#child = undefined
      if (failed?.retryable === false) return resolve({ why: failed.detail, kind: 'final' })
      const isUnexplained = failed === undefined && signal === null
      resolve({ why: `ended with ${signal ?? `exit code ${code}`}`, kind: isUnexplained ? 'unexplained' : 'passing' })
    })
    if (this.#stop.signal.aborted) child.kill('SIGTERM')
    return promise
  }
}
