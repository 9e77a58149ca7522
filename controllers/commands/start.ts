import { readFileSync } from 'node:fs'
import { startFleet } from '#controllers/start/fleet.ts'
import { MartelloError, problemsOf } from '#schema/kernel/errors.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'

export const summary = 'run the whole fleet on this machine: core, three outposts, a sample application'

const HELP = `usage: martello start

Runs the core on its embedded database, and the outposts on local service connections as child processes, until
Ctrl-C. Data is kept in .martello (MARTELLO_DATA_DIR). Settings are environment variables; the README lists them.`

const source = settingsFrom(process.env, readFileSync)

/** Exit code 0 after a stop that was asked for, 1 when the fleet could not be started, 2 for wrong use. */
export async function run(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    console.log(HELP)
    return args[0] === '--help' ? 0 : 2
  }
  const stop = new AbortController()
  const ask = () => {
    if (stop.signal.aborted) process.exit(1)
    console.error('\nStopping …')
    stop.abort()
  }
  process.on('SIGINT', ask)
  process.on('SIGTERM', ask)
  process.on('SIGHUP', ask)
  try {
    return await startFleet(source, stop)
  } catch (error) {
    if (!(error instanceof MartelloError)) throw error
    for (const problem of problemsOf(error)) console.error(`${error.code}: ${problem}`)
    return 1
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, ask)
  }
}
