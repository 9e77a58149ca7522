import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import pino from 'pino'
import { MartelloError, problemsOf } from '#schema/kernel/errors.ts'
import { loggerOver, sinkOptions } from '#schema/kernel/log-sink.ts'
import type { LogLevel } from '#schema/kernel/logger.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'
import { readOutpostConfig } from './config/read-outpost-config.ts'
import type { OutpostKind } from './kind.ts'
import { checkHealth } from './metrics/check-health.ts'
import { runOutpost } from './run-outpost.ts'

const HELP = `usage: node outposts/main.ts proxy|ldap|radius   run one outpost
       node outposts/main.ts healthcheck          exit 0 if the outpost of this machine serves

The core is named by MARTELLO_HOST (its URL) and MARTELLO_TOKEN (the outpost's token); the README lists every setting.`

const KINDS: ReadonlyMap<string, () => Promise<{ kind: OutpostKind }>> = new Map([
  ['proxy', () => import('./http/kind.ts')],
  ['ldap', () => import('./ldap/kind.ts')],
  ['radius', () => import('./radius/kind.ts')],
])

/** For what is under way when the process is asked to stop; a supervisor has less time, for it stops a core after us. */
const GRACE_MS = { alone: 4_000, supervised: 1_500 }

const source = settingsFrom(process.env, readFileSync)
const isSupervised = process.env['MARTELLO_SUPERVISED'] === 'true'

/** Aborts at SIGTERM, at SIGINT (unless a supervisor handles that), and when the supervisor is gone. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const abort = () => {
    if (stop.signal.aborted) process.exit(1)
    stop.abort()
  }
  process.on('SIGTERM', abort)
  process.on('SIGINT', isSupervised ? () => {} : abort)
  if (isSupervised) process.on('disconnect', () => stop.abort())
  return stop.signal
}

async function main(command: string | undefined): Promise<number> {
  const load = KINDS.get(command ?? '')
  if (command === 'healthcheck') return (await checkHealth(readOutpostConfig(source).config.listen.metrics)) ? 0 : 1
  if (load === undefined) {
    console.log(HELP)
    return command === '--help' || command === 'help' ? 0 : 2
  }
  let refresh = () => {}
  // From the beginning: Node itself would open a debugger.
  process.on('SIGUSR1', () => refresh())
  const { config, warnings } = readOutpostConfig(source)
  const sink = pino(sinkOptions(config.logLevel))
  const log = loggerOver(sink).child({ logger: 'outpost' })
  for (const warning of warnings) log.warning('a setting is unknown', { warning })
  const { kind } = await load()
  const surroundings = {
    log,
    clock: { now: () => Date.now() },
    random: Math.random,
    setLogLevel: (level: LogLevel) => {
      sink.level = sinkOptions(level).level
    },
  }
  await runOutpost(kind, config, surroundings, {
    signal: stopSignal(),
    graceMs: isSupervised ? GRACE_MS.supervised : GRACE_MS.alone,
    started(outpost) {
      refresh = () => outpost.refresh()
      outpost.ready.then(
        () => {
          process.send?.({ kind: 'ready' })
          // Else it is written when the process is to end, and on a first start that takes longer than ending does.
          flushCompileCache()
        },
        () => {},
      )
    },
  })
  return 0
}

try {
  process.exitCode = await main(process.argv[2])
} catch (error) {
  if (!(error instanceof MartelloError)) throw error
  const lines = problemsOf(error)
  for (const line of lines) console.error(`${error.code}: ${line}`)
  // Sent to a supervisor, which would only meet the same problem again.
  process.send?.({ kind: 'failed', code: error.code, detail: lines.join('; '), retryable: error.retryable })
  process.exitCode = 1
}
if (process.connected) process.disconnect?.()
