import type { StartConfig } from '#controllers/config/start-config.ts'
import type { ProcessEvents } from '#controllers/local/supervised-process.ts'
import { MARTELLO_VERSION } from '#schema/version.ts'
import type { Generated } from '#schema/wire/process-messages.ts'
import { type ShownOutpost, summaryText } from './summary.ts'

/** What the person at the terminal sees: prefixed lines, progress, and one table when everything is up. */
export class FleetDisplay {
  readonly #config: StartConfig
  readonly #ready = new Map<string, PromiseWithResolvers<void>>()
  #generated: readonly Generated[] = []
  #isShown = false

  constructor(config: StartConfig) {
    this.#config = config
  }

  progress(text: string): void {
    console.error(text)
  }

  generated(values: readonly Generated[]): void {
    if (values.length > 0) this.#generated = values
  }

  events(name: string): ProcessEvents {
    return {
      line: (process, text) => console.log(`[${process}] ${text}`),
      ready: () => this.ready(name),
      restarting: (why, afterMs) =>
        console.error(`${name} ${why}; it is started again in ${(afterMs / 1000).toFixed(1)} s`),
      failed: (detail, afterMs) => console.error(`${name} cannot run: ${detail}; tried again in ${afterMs / 1000} s`),
    }
  }

  ready(name: string): void {
    this.#latch(name).resolve()
  }

  /** Resolves with true once the process is ready, with false if the signal aborts before. */
  async isReady(name: string, signal: AbortSignal): Promise<boolean> {
    const aborted = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => aborted.resolve(), { once: true })
    if (signal.aborted) aborted.resolve()
    await Promise.race([this.#latch(name).promise, aborted.promise])
    return !signal.aborted
  }

  /** Shows the table once, when all of these are ready. */
  expect(outposts: readonly ShownOutpost[]): void {
    if (this.#isShown) return
    this.#isShown = true
    void Promise.all(outposts.map(({ name }) => this.#latch(name).promise)).then(() => {
      const types = new Set(outposts.map(({ type }) => type))
      console.log(`\n${summaryText(this.#config, { types, generated: this.#generated, version: MARTELLO_VERSION })}\n`)
      this.#generated = []
    })
  }

  #latch(name: string): PromiseWithResolvers<void> {
    const latch = this.#ready.get(name) ?? Promise.withResolvers<void>()
    this.#ready.set(name, latch)
    return latch
  }
}
