import pino from 'pino'
import type { StartConfig } from '#controllers/config/start-config.ts'
import { coreClient } from '#controllers/core-client.ts'
import { discoverer } from '#controllers/discovery/discoverer.ts'
import { isHere } from '#controllers/discovery/is-here.ts'
import { Controller } from '#controllers/loop/controller.ts'
import { openTargets } from '#controllers/open-targets.ts'
import { addressText, reachableAddress } from '#schema/kernel/listen-address.ts'
import { loggerOver, sinkOptions } from '#schema/kernel/log-sink.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import type { SettingsSource } from '#schema/kernel/settings.ts'
import { controllerIdentity } from './controller-identity.ts'
import type { FleetDisplay } from './fleet-display.ts'

/** A core that does not answer any more does not keep the outposts from being stopped. */
const PATIENCE_MS = 500

export interface OutpostRun {
  readonly config: StartConfig
  readonly env: SettingsSource['env']
  readonly token: Secret
  readonly fleet: FleetDisplay
}

/** Runs the controller of this machine, with its outposts, until the signal aborts. */
export async function runOutposts({ config, env, token, fleet }: OutpostRun, signal: AbortSignal): Promise<void> {
  const coreUrl = new URL(`http://${addressText(reachableAddress(config.core.http))}`)
  const gaveUp = new AbortController()
  signal.addEventListener('abort', () => setTimeout(() => gaveUp.abort(), PATIENCE_MS).unref(), { once: true })
  const core = coreClient(coreUrl, token, gaveUp.signal)
  const log = loggerOver(pino(sinkOptions('warning'))).child({ logger: 'controller' })
  fleet.progress('Starting the outposts …')
  const clock = { now: () => Date.now() }
  const events = (name: string) => fleet.events(name)
  const { kinds } = config
  const local = { coreUrl, listen: config.local, events, env, clock, random: Math.random }
  const controller = new Controller({
    core,
    identity: controllerIdentity(config.dataDir),
    open: openTargets({ kinds, core, log, local }),
    log,
    clock,
    random: Math.random,
    discover: discoverer({ core, kinds, env, log }),
    isHere: isHere(env),
    readLocal: (outposts) => fleet.expect(outposts.map(({ name, type }) => ({ name, type }))),
  })
  await controller.run(signal)
}
