import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { readControllerConfig } from '#controllers/config/controller-config.ts'
import { coreClient } from '#controllers/core-client.ts'
import { FleetReader } from '#controllers/fleet/fleet-reader.ts'
import { TokenKeeper } from '#controllers/fleet/token-keeper.ts'
import { Claims } from '#controllers/loop/claims.ts'
import { planFleet, requireOutposts } from '#controllers/loop/plan-fleet.ts'
import { type ReconcileAllOptions, reconcileAll } from '#controllers/loop/reconcile-all.ts'
import { Targets } from '#controllers/loop/targets.ts'
import { toldOf } from '#controllers/loop/told-of.ts'
import { openTargets } from '#controllers/open-targets.ts'
import type { FleetPlan } from '#controllers/plan/fleet-plan.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import type { SettingsSource } from '#schema/kernel/settings.ts'

export interface ActingController {
  /** Rejects with a ConfigError when one of the names is that of no outpost. */
  plan(names: ReadonlySet<string> | undefined, signal: AbortSignal): Promise<FleetPlan>
  /** Reconciles these outposts until nothing is left to do; why it failed, by name. */
  reconcileAll(names: ReadonlySet<string>, options: ReconcileAllOptions): Promise<Readonly<Record<string, string>>>
}

/** Runs work as a controller would do it, once; its exit code, or 2 with the reason when it cannot be known what to do. */
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
    const tokens = new TokenKeeper(core)
    return await work({
      async plan(names, signal) {
        const state = await reader.read()
        requireOutposts(names, state)
        return planFleet(state, { targets, tokens, clock }, { names, signal })
      },
      async reconcileAll(names, options) {
        const identity = { controller: randomUUID(), name: `martello apply on ${hostname()}` }
        await using claims = new Claims({ core, identity, log: silentLogger })
        return await reconcileAll(names, { core, targets, claims, clock, tokens, reader }, options)
      },
    })
  } catch (error) {
    if (!(error instanceof MartelloError)) throw error
    for (const line of toldOf(error)) console.error(line)
    return 2
  }
}
