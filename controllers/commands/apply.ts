import { readFileSync } from 'node:fs'
import { actingController } from '#controllers/loop/acting-controller.ts'
import { fleetArguments } from '#controllers/loop/fleet-arguments.ts'
import { changes, planText } from '#controllers/plan/fleet-plan.ts'
import { settingsFrom } from '#schema/kernel/settings.ts'

export const summary = 'carry out a plan that was shown, if it is still the same'

const DONE_WITHIN_S = 600
const HELP = `usage: martello apply --plan HASH [--outpost NAME …] [--timeout SECONDS] [--json]

Plans again, and carries the plan out if it is still the one that was shown, until nothing of it is left to do; what it has
made may yet have to come up. It gives up after ${DONE_WITHIN_S} seconds, unless told otherwise. Outposts that are processes of a controller's own machine are left to that controller.
Exit code 0: done, 1: the plan is another one by now, or something could not be done, 2: it cannot be planned, or wrong
use; nothing was done.`

export async function run(args: readonly string[]): Promise<number> {
  const given = fleetArguments(args, { plan: { type: 'string' }, timeout: { type: 'string' } }, HELP)
  if (typeof given === 'number') return given
  const { values, names } = given
  const { timeout = String(DONE_WITHIN_S) } = values
  if (values.plan === undefined || !/^[1-9]\d{0,5}$/.test(timeout)) {
    console.error(HELP)
    return 2
  }
  const deadline = AbortSignal.timeout(Number(timeout) * 1000)
  return actingController(settingsFrom(process.env, readFileSync), async ({ plan, reconcileAll }) => {
    const found = await plan(names, deadline)
    if (found.hash !== values.plan) {
      console.error(`The plan is another one by now:\n\n${planText(found)}`)
      return 1
    }
    const asked = new Set(found.outposts.filter(({ steps }) => changes(steps).length > 0).map(({ outpost }) => outpost))
    const waiting = (left: string) => console.error(`… ${left}`)
    const failures = await reconcileAll(asked, { deadline, waiting })
    if (values.json === true) console.log(JSON.stringify({ applied: [...asked], failures }))
    else for (const name of asked) console.log(`${name}: ${failures[name] ?? 'applied'}`)
    return Object.keys(failures).length === 0 ? 0 : 1
  })
}
