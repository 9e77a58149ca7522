import type { FleetConnection, FleetOutpost, FleetState } from '#controllers/fleet/fleet-state.ts'
import { type FleetPlan, fleetPlan, type OutpostPlan } from '#controllers/plan/fleet-plan.ts'
import type { PlannedStep } from '#controllers/target/target.ts'
import { canaryFor } from '#controllers/waves/canary.ts'
import { decideImage, ROLLOUT_LIMITS } from '#controllers/waves/rollout.ts'
import { imageOf, isPinned } from '#schema/deployment/image.ts'
import type { DeploymentRecord } from '#schema/deployment/status.ts'
import { ConfigError, MartelloError } from '#schema/kernel/errors.ts'
import { nearest } from '#schema/kernel/nearest.ts'
import type { ReconcileSurroundings } from './reconcile.ts'
import { sideBySide } from './side-by-side.ts'

type Surroundings = Pick<ReconcileSurroundings, 'targets' | 'tokens' | 'clock'>

/** Throws a ConfigError with a problem for each name that neither an outpost has nor one that was deployed. */
export function requireOutposts(names: ReadonlySet<string> | undefined, { outposts, records }: FleetState): void {
  const known = new Set([
    ...[...outposts.values()].map(({ name }) => name),
    ...[...records.values()].map((record) => record.outpost_name),
  ])
  const problems = [...(names ?? [])].flatMap((name) => {
    if (known.has(name)) return []
    const meant = nearest(name, known)
    return `there is no outpost "${name}" that this token may see${meant === undefined ? '' : `; did you mean "${meant}"?`}`
  })
  if (problems.length > 0) throw new ConfigError(problems)
}

/** What reconciling would do now, to all outposts on connections that are served, or to those named; changes nothing. */
export async function planFleet(
  state: FleetState,
  surroundings: Surroundings,
  { names, signal }: { names: ReadonlySet<string> | undefined; signal: AbortSignal },
): Promise<FleetPlan> {
  const isAsked = (name: string) => names === undefined || names.has(name)
  const plans: OutpostPlan[] = []
  await sideBySide(state.outposts.values(), async (outpost) => {
    const connection = state.connections.get(outpost.connection ?? '')
    if (isAsked(outpost.name) && connection !== undefined && surroundings.targets.serves(connection))
      plans.push(await planOne(outpost, connection, { state, surroundings, signal }))
  })
  for (const record of state.records.values()) {
    const outpost = state.outposts.get(record.outpost)
    const isGone = state.gone.has(record.outpost)
    const isElsewhere = outpost !== undefined && outpost.connection !== record.connection
    if ((isGone || isElsewhere) && isAsked(record.outpost_name)) plans.push(removalOf(record, state))
  }
  return fleetPlan(plans)
}

async function planOne(
  outpost: FleetOutpost,
  connection: FleetConnection,
  { state, surroundings, signal }: { state: FleetState; surroundings: Surroundings; signal: AbortSignal },
): Promise<OutpostPlan> {
  const { targets, tokens, clock } = surroundings
  const found = state.records.get(outpost.pk)
  const record = found?.connection === connection.pk ? found : undefined
  const question = {
    wanted: imageOf(outpost, state.context),
    isPinned: isPinned(outpost),
    own: record,
    now: clock.now(),
  }
  const { image, reason } = decideImage({ ...question, canary: canaryFor(outpost, state) }, ROLLOUT_LIMITS)
  const about = { outpost: outpost.name, connection: connection.name, image, rollout: reason }
  try {
    const target = await targets.of(connection)
    const secrets = { token: (await tokens.tokenOf(outpost)).reveal() }
    const { inventory = [], objects: before = [] } = record ?? {}
    const deployment = { outpost, image, context: state.context, secrets, inventory, before }
    return { ...about, steps: await target.plan(deployment, signal), error: undefined }
  } catch (error) {
    if (signal.aborted) return { ...about, steps: [], error: 'there was no time to find out' }
    if (!(error instanceof MartelloError)) throw error
    return { ...about, steps: [], error: error.detail }
  }
}

/** What is left of an outpost that is gone, or deployed elsewhere now. */
function removalOf(record: DeploymentRecord, { connections }: FleetState): OutpostPlan {
  const steps = record.inventory.map(
    ({ kind, namespace, name }): PlannedStep => ({
      action: 'delete',
      component: '',
      kind,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      detail: ['not wanted here any more'],
    }),
  )
  const connection = connections.get(record.connection)?.name ?? ''
  return { outpost: record.outpost_name, connection, image: '', rollout: undefined, steps, error: undefined }
}
