import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { MartelloError, problemsOf } from '#schema/kernel/errors.ts'
import { loggerOver, sinkOptions } from '#schema/kernel/log-sink.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'
import { GENERATED, type ProcessMessage } from '#schema/wire/process-messages.ts'
import type { Bootstrapped } from './bootstrap/bootstrap.ts'
import { readCoreConfig } from './config/read-core-config.ts'
import { secretKeyFile } from './config/secret-key-file.ts'
import { checkHealth } from './http/check-health.ts'
import { DiskFullError, isDiskFull } from './store/store-errors.ts'

const HELP = `usage: node core/main.ts               run the core
       node core/main.ts healthcheck   exit 0 if the core of this machine is ready

Settings are environment variables; the README lists them.`

const source = settingsFrom(process.env, readFileSync)
const isSupervised = process.env['MARTELLO_SUPERVISED'] === 'true'

/** Resolves when the process is asked to stop; a second request ends it at once. */
function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const ask = () => {
      if (asked) process.exit(1)
      asked = true
      resolve()
    }
    process.on('SIGTERM', ask)
    process.on('SIGINT', isSupervised ? () => {} : ask)
    if (isSupervised) process.on('disconnect', () => resolve())
  })
}

/** Shows what was generated, once: to the supervisor, else on the terminal. Nothing keeps it. */
function showCredentials({ administrator, samplePassword, sampleRadiusSecret }: Bootstrapped): void {
  const shown: ReadonlyArray<[name: string, value: Secret | undefined]> = [
    [GENERATED.administratorPassword, administrator?.password],
    [GENERATED.administratorToken, administrator?.token],
    [GENERATED.samplePassword, samplePassword],
    [GENERATED.sampleRadiusSecret, sampleRadiusSecret],
  ]
  const generated = shown.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: value.reveal() }]))
  if (process.send !== undefined) process.send({ kind: 'ready', generated } satisfies ProcessMessage)
  else for (const { name, value } of generated) console.error(`${name} (shown once): ${value}`)
}

async function main(command: string | undefined): Promise<number> {
  if (command === 'healthcheck') {
    const { config } = readCoreConfig(source, { load: () => 'not made by a check' })
    return (await checkHealth(config.listen.http)) ? 0 : 1
  }
  if (command !== undefined) {
    console.log(HELP)
    return command === '--help' || command === 'help' ? 0 : 2
  }
  await run()
  return 0
}

/** What it needs is loaded only here: a check of health, made every few seconds, has to be cheap. */
async function run(): Promise<void> {
  const stop = askedToStop()
  await import('./store/drizzle-resolution.ts')
  const [{ default: pino }, { runCore }, { watchForSilence }] = await Promise.all([
    import('pino'),
    import('./run-core.ts'),
    import('./tasks/silence-watchdog.ts'),
  ])
  const { config, warnings } = readCoreConfig(source, secretKeyFile)
  const log = loggerOver(pino(sinkOptions(config.logLevel))).child({ logger: 'core' })
  for (const warning of warnings) log.warning('a setting is unknown', { warning })
  const surroundings = { log, clock: { now: () => Date.now() }, random: Math.random }
  await using core = await runCore(config, surroundings)
  // Only from here on: to make the folder of a database, or to recover it, may take a slow machine longer.
  using _ = watchForSilence(log)
  showCredentials(core.bootstrapped)
  // Else it is written when the process is to end, and on a first start that takes longer than ending does.
  flushCompileCache()
  await stop
  log.info('stopping')
}

try {
  process.exitCode = await main(process.argv[2])
} catch (cause) {
  const error = isDiskFull(cause) ? new DiskFullError(cause) : cause
  if (!(error instanceof MartelloError)) throw error
  const lines = problemsOf(error)
  for (const line of lines) console.error(`${error.code}: ${line}`)
  process.send?.({ kind: 'failed', code: error.code, detail: lines.join('; '), retryable: error.retryable })
  process.exitCode = 1
}
if (process.connected) process.disconnect?.()
