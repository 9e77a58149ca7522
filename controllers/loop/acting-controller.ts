import { readControllerConfig } from '#controllers/config/controller-config.ts'
import { coreClient } from '#controllers/core-client.ts'
import { FleetReader } from '#controllers/fleet/fleet-reader.ts'
import type { FleetState } from '#controllers/fleet/fleet-state.ts'
import { TokenKeeper } from '#controllers/fleet/token-keeper.ts'
import { planFleet } from '#controllers/loop/plan-fleet.ts'
import { reconcile } from '#controllers/loop/reconcile.ts'
import { Targets } from '#controllers/loop/targets.ts'
import { openTargets } from '#controllers/open-targets.ts'
import type { FleetPlan } from '#controllers/plan/fleet-plan.ts'
import { MartelloError, problemsOf } from '#schema/kernel/errors.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import type { SettingsSource } from '#schema/kernel/settings.ts'

export interface ActingController {
  plan(names: ReadonlySet<string> | undefined, signal: AbortSignal): Promise<FleetPlan>
  /** Reconciles these outposts once; why it failed, by name. */
  reconcileAll(names: ReadonlySet<string>, signal: AbortSignal): Promise<Readonly<Record<string, string>>>
}

/** Runs work as a controller would do it, once; its exit code, or 1 with the reason when the core cannot be used. */
export async function actingController(
  source: SettingsSource,
  work: (controller: ActingController) => Promise<number>,
): Promise<number> {
  try {
    const { host, token, kinds, listen } = readControllerConfig(source)
    const core = coreClient(host, token)
    const clock = { now: () => Date.now() }
    const events = () => ({ line() {}, ready() {}, restarting() {}, failed() {} })
    const local = { coreUrl: host, listen, events, env: source.env, clock, random: Math.random }
    await using targets = new Targets(openTargets({ kinds, core, log: silentLogger, local }), () => {})
    const reader = new FleetReader(core, silentLogger)
    const tokens = new TokenKeeper(core, clock)
    return await work({
      plan: async (names, signal) => planFleet(await reader.read(), { core, targets, clock }, { names, signal }),
      async reconcileAll(names, signal) {
        const state = await reader.read()
        const failures: Record<string, string> = {}
        for (const [pk, name] of namesIn(state, names)) {
          const surroundings = { core, targets, clock, tokens, recorded: () => {} }
          await reconcile(pk, state, surroundings, signal).catch((error) => {
            if (!(error instanceof MartelloError)) throw error
            failures[name] = error.detail
          })
        }
        return failures
      },
    })
  } catch (error) {
    if (!(error instanceof MartelloError)) throw error
    for (const line of problemsOf(error)) console.error(`${error.code}: ${line}`)
    return 1
  }
}

/** The outposts of these names, and what is left of those that are gone; not those that run as processes of a controller. */
function namesIn({ outposts, records, connections }: FleetState, names: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>()
  for (const { pk, name, connection } of outposts.values())
    if (names.has(name) && connections.get(connection ?? '')?.kind !== 'local') found.set(pk, name)
  for (const { outpost, outpost_name: name } of records.values())
    if (names.has(name) && !outposts.has(outpost)) found.set(outpost, name)
  return found
}
