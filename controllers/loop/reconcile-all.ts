import { setTimeout as wait } from 'node:timers/promises'
import type { FleetReader } from '#controllers/fleet/fleet-reader.ts'
import type { FleetConnection, FleetState } from '#controllers/fleet/fleet-state.ts'
import { changes } from '#controllers/plan/fleet-plan.ts'
import { DeploymentPendingError } from '#controllers/target/target-error.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Claims } from './claims.ts'
import { planFleet } from './plan-fleet.ts'
import { type ReconcileSurroundings, reconcile } from './reconcile.ts'
import { sideBySide } from './side-by-side.ts'

const AGAIN_MS = 1_000
const OUT_OF_TIME = 'it was not finished in time, or another controller has taken over'

export type ReconcileAllSurroundings = Omit<ReconcileSurroundings, 'recorded' | 'claims'> & {
  readonly claims: Pick<Claims, 'controller' | 'holds' | 'holderOf' | 'keep' | 'signal'>
  readonly reader: Pick<FleetReader, 'read'>
}

export interface ReconcileAllOptions {
  /** When it has to be done. */
  readonly deadline: AbortSignal
  /** What is still left to do, whenever that is something else. */
  readonly waiting: (left: string) => void
}

/**
 * Reconciles outposts until a plan for them would change nothing: what replaces something takes its time. What is made may
 * yet have to come up. Why that was not reached, by name. Nothing is done where another controller does it.
 */
export async function reconcileAll(
  names: ReadonlySet<string>,
  surroundings: ReconcileAllSurroundings,
  { deadline: latest, waiting }: ReconcileAllOptions,
): Promise<Readonly<Record<string, string>>> {
  const taken = await takenBy(names, surroundings)
  if (Object.keys(taken).length > 0) return taken
  const deadline = AbortSignal.any([latest, surroundings.claims.signal])
  for (let told = ''; ; ) {
    const failures = await pass(names, surroundings, deadline)
    if (Object.keys(failures).length > 0) return failures
    const left = await leftToDo(names, surroundings, deadline)
    if (Object.keys(left).length === 0 || deadline.aborted) return left
    const text = Object.entries(left)
      .map((each) => each.join(': '))
      .join('; ')
    if (text !== told) waiting(text)
    told = text
    await wait(AGAIN_MS, undefined, { signal: deadline }).catch(() => {})
  }
}

/** Claims what these outposts are deployed through; by name, who has it already. */
async function takenBy(
  names: ReadonlySet<string>,
  { claims, reader, targets }: ReconcileAllSurroundings,
): Promise<Readonly<Record<string, string>>> {
  const state = await reader.read()
  const isServed = (each: FleetConnection | undefined) => each !== undefined && targets.serves(each)
  const through = [...namesIn(state, names)].map(([pk, name]) => {
    const connections = [state.outposts.get(pk)?.connection, state.records.get(pk)?.connection]
    return [name, connections.map((each) => state.connections.get(each ?? '')).filter(isServed)] as const
  })
  await claims.keep(new Set(through.flatMap(([, connections]) => connections.map((each) => each!.pk))))
  const taken = through.flatMap(([name, connections]) => {
    const other = connections.find((each) => !claims.holds(each!.pk))
    const who = claims.holderOf(other?.pk ?? '') ?? 'another'
    const why = `the controller "${who}" serves "${other?.name}" and does by itself what is wanted`
    return other === undefined ? [] : [[name, why] as const]
  })
  return Object.fromEntries(taken)
}

async function pass(
  names: ReadonlySet<string>,
  surroundings: ReconcileAllSurroundings,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const state = await surroundings.reader.read()
  const failures: Record<string, string> = {}
  await sideBySide(namesIn(state, names), async ([pk, name]) => {
    await reconcile(pk, state, { ...surroundings, recorded: () => {} }, signal).catch((error) => {
      if (signal.aborted) failures[name] = OUT_OF_TIME
      else if (!(error instanceof MartelloError)) throw error
      else if (!(error instanceof DeploymentPendingError)) failures[name] = error.detail
    })
  })
  return failures
}

/** What a plan would still do, by outpost. */
async function leftToDo(
  names: ReadonlySet<string>,
  surroundings: ReconcileAllSurroundings,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  if (signal.aborted) return Object.fromEntries([...names].map((name) => [name, OUT_OF_TIME]))
  const { outposts } = await planFleet(await surroundings.reader.read(), surroundings, { names, signal })
  const left = outposts.map(({ outpost, steps, error }) => {
    const named = changes(steps).map(({ action, kind, name }) => `${action} ${kind} ${name}`)
    return [outpost, error ?? named.join(', ')] as const
  })
  return Object.fromEntries(left.filter(([, why]) => why !== '').map(([name, why]) => [name, `still to do: ${why}`]))
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
