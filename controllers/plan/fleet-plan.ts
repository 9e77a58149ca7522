import { createHash } from 'node:crypto'
import type { PlannedStep } from '#controllers/target/target.ts'
import type { RolloutReason } from '#controllers/waves/rollout.ts'

/** What deploying one outpost would do. */
export interface OutpostPlan {
  readonly outpost: string
  /** Name of the service connection; empty when the outpost is gone or deployed by nobody. */
  readonly connection: string
  readonly image: string
  readonly rollout: RolloutReason | undefined
  readonly steps: readonly PlannedStep[]
  /** Why it cannot be planned; undefined when it can. */
  readonly error: string | undefined
}

export interface FleetPlan {
  /** The same for plans that would do the same. */
  readonly hash: string
  readonly outposts: readonly OutpostPlan[]
}

const HASH_LENGTH = 16

/** A plan over outposts in the order of their names. */
export function fleetPlan(outposts: readonly OutpostPlan[]): FleetPlan {
  const ordered = outposts.toSorted((a, b) => (a.outpost < b.outpost ? -1 : 1))
  const content = ordered.map(({ outpost, connection, image, steps, error }) => [
    outpost,
    connection,
    image,
    error ?? '',
    changes(steps).map(({ action, kind, namespace = '', name, detail, wanted = '' }) => [
      ...[action, kind, namespace, name, wanted],
      detail,
    ]),
  ])
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, HASH_LENGTH)
  return { hash, outposts: ordered.map((each) => ({ ...each, steps: each.steps.map(shown) })) }
}

const shown = ({ wanted: _, ...step }: PlannedStep): PlannedStep => step

/** The steps that would change something. */
export function changes(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  return steps.filter(({ action }) => action !== 'nothing' && action !== 'skip')
}

const SIGN: Readonly<Record<PlannedStep['action'], string>> = {
  create: '+',
  apply: '~',
  replace: '±',
  delete: '-',
  nothing: ' ',
  skip: '·',
}

/** The plan for people: one line per object, `+` is new, `~` changed, `±` made anew, `-` removed, `·` left out. */
export function planText({ hash, outposts }: FleetPlan): string {
  const lines = outposts.flatMap(({ outpost, connection, image, rollout, steps, error }) => [
    `${outpost}  (${[connection || 'no service connection', image, rollout].filter(Boolean).join(', ')})`,
    ...(error === undefined ? [] : [`  ! ${error}`]),
    ...steps.map(
      ({ action, kind, namespace, name, detail }) =>
        `  ${SIGN[action]} ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}${detail.length === 0 ? '' : `: ${detail.join(', ')}`}`,
    ),
    '',
  ])
  const count = outposts.reduce((sum, { steps }) => sum + changes(steps).length, 0)
  const broken = outposts.filter(({ error }) => error !== undefined).length
  return [
    ...lines,
    count === 0 ? 'Nothing would change.' : `${count} ${count === 1 ? 'change' : 'changes'}.`,
    ...(broken === 0 ? [] : [`${broken} of ${outposts.length} outposts cannot be planned.`]),
    `Plan ${hash}`,
  ].join('\n')
}
