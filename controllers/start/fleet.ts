import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readStartConfig } from '#controllers/config/start-config.ts'
import { SupervisedProcess } from '#controllers/local/supervised-process.ts'
import { startSampleApplication } from '#controllers/sample/sample-application.ts'
import { Secret } from '#schema/kernel/secret.ts'
import type { SettingsSource } from '#schema/kernel/settings.ts'
import { makeDataFolder } from './data-folder.ts'
import { FleetDisplay } from './fleet-display.ts'
import { requireFreePorts } from './free-ports.ts'

const CORE_ENTRY = join(import.meta.dirname, '..', '..', 'core', 'main.ts')
/** From Ctrl-C to the end of everything. What the outposts do not take of it is the core's. */
const STOP_WITHIN_MS = 4_000

/** Runs the fleet until `stop` aborts, and ends it in order: outposts first, then the core. Returns the exit code. */
export async function startFleet({ env: given, readFile }: SettingsSource, stop: AbortController): Promise<number> {
  const config = readStartConfig({ env: given, readFile })
  const { signal } = stop
  let stopBy = 0
  signal.addEventListener('abort', () => (stopBy = performance.now() + STOP_WITHIN_MS), { once: true })
  // Compiled modules, for the next start; of the core and of the outposts, which are told by it.
  const env = { NODE_COMPILE_CACHE: join(config.dataDir, 'compile-cache'), ...given }
  makeDataFolder(config.dataDir)
  await requireFreePorts(config)
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
  // Loaded while the core starts.
  const { runOutposts } = await import('./run-outposts.ts')
  if (await fleet.isReady('core', signal)) await runOutposts({ config, env, token, fleet }, signal)
  await core.stop(Math.max(0, stopBy - performance.now()))
  sample?.close()
  sample?.closeAllConnections()
  if (failure !== undefined) console.error(`core cannot run: ${failure}`)
  return failure === undefined ? 0 : 1
}
