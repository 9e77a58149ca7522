import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import pino from 'pino'
import { MartelloError, problemsOf } from '#schema/kernel/errors.ts'
import { loggerOver, sinkOptions } from '#schema/kernel/log-sink.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'
import { readControllerConfig } from './config/controller-config.ts'
import { coreClient } from './core-client.ts'
import { discoverer } from './discovery/discoverer.ts'
import { isHere } from './discovery/is-here.ts'
import { Controller } from './loop/controller.ts'
import { openTargets } from './open-targets.ts'

const HELP = `usage: node controllers/main.ts

Keeps the outposts on service connections deployed as the core wants them: on Kubernetes, on Docker, or as processes of
this machine (MARTELLO_CONTROLLER__KINDS). The core is named by MARTELLO_HOST (its URL) and MARTELLO_TOKEN (an API token
of the user martello-controller).`

async function main(): Promise<void> {
  const { host, token, kinds, lease, logLevel, listen, customResources } = readControllerConfig(
    settingsFrom(process.env, readFileSync),
  )
  const log = loggerOver(pino(sinkOptions(logLevel))).child({ logger: 'controller' })
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort())
  const core = coreClient(host, token)
  const events = (name: string) => ({
    line: (_process: string, text: string) => console.log(`[${name}] ${text}`),
    ready: () => log.info('an outpost is ready', { outpost: name }),
    restarting: (why: string, afterMs: number) =>
      log.warning('an outpost has ended and is started again', { outpost: name, why, after_ms: afterMs }),
    failed: (detail: string, afterMs: number) =>
      log.error('an outpost cannot run', { outpost: name, detail, again_after_ms: afterMs }),
  })
  const clock = { now: () => Date.now() }
  const { random } = Math
  const identity = { controller: `${hostname()}-${randomUUID()}`, name: hostname() }
  const open = openTargets({
    kinds,
    core,
    log,
    local: { coreUrl: host, listen, events, env: process.env, clock, random },
  })
  const here = isHere(process.env)
  const discover = discoverer({ core, kinds, env: process.env, log })
  const run = async (signal: AbortSignal) => {
    const deploying = new Controller({ core, identity, open, log, clock, random, discover, isHere: here }).run(signal)
    if (customResources === undefined) return deploying
    const { runCustomResources } = await import('./custom-resources/run-custom-resources.ts')
    const within = {
      config: customResources,
      core,
      host,
      clock,
      random,
      log: log.child({ logger: 'custom-resources' }),
    }
    await Promise.all([deploying, runCustomResources(within, signal)])
  }
  if (lease === '') return run(stop.signal)
  const { leadInCluster } = await import('./kubernetes/lead-in-cluster.ts')
  await leadInCluster({ lease, identity: identity.controller, clock, random, log }, run, stop.signal)
}

const [argument] = process.argv.slice(2)
if (argument !== undefined) {
  console.log(HELP)
  process.exitCode = ['--help', '-h', 'help'].includes(argument) ? 0 : 2
} else
  try {
    await main()
  } catch (error) {
    if (!(error instanceof MartelloError)) throw error
    for (const line of problemsOf(error)) console.error(`${error.code}: ${line}`)
    process.exitCode = 1
  }
