import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import pino from 'pino'
import { createCoreClient } from '#schema/client/core-client.ts'
import { ConfigError, MartelloError, problemsOf } from '#schema/kernel/errors.ts'
import { loggerOver, sinkOptions } from '#schema/kernel/log-sink.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { SettingsReader, settingsFrom } from '#schema/kernel/settings.ts'
import { readLocalListen } from './config/start-config.ts'
import { fetchTransport } from './fetch-transport.ts'
import { runLocalLoop } from './loop/local-loop.ts'

const HELP = `usage: node controllers/main.ts

Keeps the outposts on local service connections running on this machine, as the core wants them.
The core is named by MARTELLO_HOST (its URL) and MARTELLO_TOKEN (an API token that may see outposts and their tokens).`

function readSettings() {
  const settings = new SettingsReader(settingsFrom(process.env, readFileSync))
  const token = new Secret(settings.text('token'))
  const host = settings.url('host')
  if (!settings.has('host')) settings.problem('MARTELLO_HOST is required: the URL of the core')
  const rest = { logLevel: settings.logLevel(), listen: readLocalListen(settings) }
  settings.finish()
  if (host === undefined) throw new ConfigError(['MARTELLO_HOST is required'])
  return { host, token, ...rest }
}

async function main(): Promise<void> {
  const { host, token, logLevel, listen } = readSettings()
  const log = loggerOver(pino(sinkOptions(logLevel))).child({ logger: 'controller' })
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort())
  const sleep = (ms: number, within: AbortSignal | undefined) =>
    wait(ms, undefined, within === undefined ? {} : { signal: within })
  const core = createCoreClient(fetchTransport, { host, token, random: Math.random, sleep })
  const events = (name: string) => ({
    line: (_process: string, text: string) => console.log(`[${name}] ${text}`),
    ready: () => log.info('an outpost is ready', { outpost: name }),
    restarting: (why: string, afterMs: number) =>
      log.warning('an outpost has ended and is started again', { outpost: name, why, after_ms: afterMs }),
    failed: (detail: string, afterMs: number) =>
      log.error('an outpost cannot run', { outpost: name, detail, again_after_ms: afterMs }),
  })
  await runLocalLoop({ core, coreUrl: host, listen, log, env: process.env, random: Math.random, events }, stop.signal)
}

const [argument] = process.argv.slice(2)
if (argument !== undefined) {
  console.log(HELP)
  process.exitCode = argument === '--help' || argument === 'help' ? 0 : 2
} else
  try {
    await main()
  } catch (error) {
    if (!(error instanceof MartelloError)) throw error
    for (const line of problemsOf(error)) console.error(`${error.code}: ${line}`)
    process.exitCode = 1
  }
