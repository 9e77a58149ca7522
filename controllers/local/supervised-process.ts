import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import { type Generated, processMessage } from '#schema/wire/process-messages.ts'

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

const RESTART = { firstMs: 500, capMs: 30_000 }
/** A port may become free, a setting may be mended. */
const RESTART_FAILED_MS = 60_000
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
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      const startedAt = performance.now()
      const { why, isFinal } = await this.#run()
      if (this.#stop.signal.aborted) return
      failures = performance.now() - startedAt >= STABLE_MS ? 1 : failures + 1
      const afterMs = isFinal ? RESTART_FAILED_MS : backoffMs(failures, this.#random, RESTART)
      if (isFinal) this.#events.failed(why, afterMs)
      else this.#events.restarting(why, afterMs)
      await wait(afterMs, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  #run(): Promise<{ why: string; isFinal: boolean }> {
    const { name, args, env } = this.spec
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...env, MARTELLO_SUPERVISED: 'true' },
    })
    this.#child = child
    let final: string | undefined
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream }).on('line', (text) => this.#events.line(name, text))
    child.on('message', (raw) => {
      const message = processMessage.safeParse(raw).data
      if (message?.kind === 'ready') this.#events.ready(message.generated)
      if (message?.kind === 'failed' && !message.retryable) final = message.detail
    })
    const { promise, resolve } = Promise.withResolvers<{ why: string; isFinal: boolean }>()
    child.on('error', (cause) => resolve({ why: cause.message, isFinal: true }))
    child.on('exit', (code, signal) => {
      this.#child = undefined
      resolve({ why: final ?? `ended with ${signal ?? `exit code ${code}`}`, isFinal: final !== undefined })
    })
    if (this.#stop.signal.aborted) child.kill('SIGTERM')
    return promise
  }
}
