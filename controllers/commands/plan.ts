import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { actingController } from '#controllers/loop/acting-controller.ts'
import { fleetArguments } from '#controllers/loop/fleet-arguments.ts'
import { changes, type FleetPlan, planText } from '#controllers/plan/fleet-plan.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'

export const summary = 'show what deploying the outposts would change'

const HELP = `usage: martello plan [--outpost NAME …] [--json] [--watch]

Shows what the controller would create, change and remove now, on Kubernetes, Docker and this machine; changes nothing.
  --outpost NAME   only this outpost; may be given several times
  --json           the plan as JSON
  --watch          plan again whenever it would be another one, until Ctrl-C
The core is named by MARTELLO_HOST and MARTELLO_TOKEN.
Exit code 0: nothing would change, 1: something would, 2: it cannot be known, or wrong use.
"martello apply --plan HASH" carries a plan out.`

const EVERY_MS = 3_000

export async function run(args: readonly string[]): Promise<number> {
  const asked = fleetArguments(args, { watch: { type: 'boolean' } }, HELP)
  if (typeof asked === 'number') return asked
  const { values, names } = asked
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  return actingController(settingsFrom(process.env, readFileSync), async ({ plan }) => {
    let shown = ''
    for (;;) {
      const found = await plan(names, stop.signal)
      if (stop.signal.aborted && exitCode(found) === 2) return 2
      if (found.hash !== shown) console.log(values.json === true ? JSON.stringify(found) : planText(found))
      shown = found.hash
      if (values.watch !== true || stop.signal.aborted) return exitCode(found)
      await wait(EVERY_MS, undefined, { signal: stop.signal }).catch(() => {})
    }
  })
}

function exitCode({ outposts }: FleetPlan): number {
  if (outposts.some(({ error }) => error !== undefined)) return 2
  return outposts.some(({ steps }) => changes(steps).length > 0) ? 1 : 0
}
