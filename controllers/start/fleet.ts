import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { readStartConfig, type StartConfig } from '#controllers/config/start-config.ts'
import { coreClient } from '#controllers/core-client.ts'
import { type ProcessEvents, SupervisedProcess } from '#controllers/local/supervised-process.ts'
import { Controller } from '#controllers/loop/controller.ts'
import { CONNECTION_KINDS, openTargets } from '#controllers/open-targets.ts'
import { startSampleApplication } from '#controllers/sample/sample-application.ts'
import { loggerOver, sinkOptions } from '#schema/kernel/log-sink.ts'
import { Secret } from '#schema/kernel/secret.ts'
import type { SettingsSource } from '#schema/kernel/settings.ts'
import { MARTELLO_VERSION } from '#schema/version.ts'
import type { Generated } from '#schema/wire/process-messages.ts'
import { requireFreePorts } from './free-ports.ts'
import { type ShownOutpost, summaryText } from './summary.ts'

const CORE_ENTRY = join(import.meta.dirname, '..', '..', 'core', 'main.ts')

/** Runs the fleet until `stop` aborts, and ends it in order: outposts first, then the core. Returns the exit code. */
export async function startFleet({ env, readFile }: SettingsSource, stop: AbortController): Promise<number> {
  const config = readStartConfig({ env, readFile })
  const { signal } = stop
  await requireFreePorts(config)
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const fleet = new FleetDisplay(config)
  const token = new Secret(randomBytes(32).toString('base64url'))
  const sample = config.sample.enabled ? await startSampleApplication(config.sample.listen) : undefined
  let failure: string | undefined

  const core = new SupervisedProcess(
    {
      name: 'core',
      args: [CORE_ENTRY],
      env: {
        ...env,
        MARTELLO_CONTROLLER_TOKEN: token.reveal(),
        MARTELLO_SAMPLE: String(config.sample.enabled),
        MARTELLO_DATA_DIR: config.dataDir,
      },
    },
    {
      ...fleet.events('core'),
      ready(generated) {
        fleet.generated(generated)
        fleet.ready('core')
      },
      failed(detail) {
        failure = detail
        stop.abort()
      },
    },
    Math.random,
  )
  fleet.progress('Starting the core …')
  core.start()
  if (await fleet.isReady('core', signal)) await runOutposts({ config, env, token, fleet }, signal)
  await core.stop()
  sample?.close()
  sample?.closeAllConnections()
  if (failure !== undefined) console.error(failure)
  return failure === undefined ? 0 : 1
}

interface OutpostRun {
  readonly config: StartConfig
  readonly env: SettingsSource['env']
  readonly token: Secret
  readonly fleet: FleetDisplay
}

async function runOutposts({ config, env, token, fleet }: OutpostRun, signal: AbortSignal): Promise<void> {
  const coreUrl = new URL(`http://127.0.0.1:${config.core.http.port}`)
  const core = coreClient(coreUrl, token)
  const log = loggerOver(pino(sinkOptions('warning'))).child({ logger: 'controller' })
  fleet.progress('Starting the outposts …')
  const clock = { now: () => Date.now() }
  const events = (name: string) => fleet.events(name)
  const local = { coreUrl, listen: config.local, events, env, clock, random: Math.random }
  const controller = new Controller({
    core,
    open: openTargets({ kinds: CONNECTION_KINDS, core, log, local }),
    log,
    clock,
    random: Math.random,
    read: (outposts) => fleet.expect(outposts.map(({ name, type }) => ({ name, type }))),
  })
  await controller.run(signal)
}

/** What the person at the terminal sees: prefixed lines, progress, and one table when everything is up. */
class FleetDisplay {
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
