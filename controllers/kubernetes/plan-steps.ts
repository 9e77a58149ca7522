import { digestOf } from '#controllers/plan/digest.ts'
import type { PlannedStep } from '#controllers/target/target.ts'
import type { DesiredObject } from '#schema/deployment/desired-object.ts'
import { ClusterRefusedError } from './cluster-refused-error.ts'
import type { ObjectPlanner, Step } from './object-planner.ts'
import { refusedOutcome } from './plan/refusal.ts'
import { rejectionReports } from './plan/report.ts'
import type { WantedObjects } from './wanted-objects.ts'

type Decided = Pick<PlannedStep, 'action' | 'detail'>

/** What applying would do to each object that is wanted. Nothing is written: the cluster is asked by dry runs. */
export async function planSteps(
  { objects, rejected }: WantedObjects,
  { planner, owner }: { planner: ObjectPlanner; owner: string },
  signal: AbortSignal,
): Promise<readonly PlannedStep[]> {
  const steps: PlannedStep[] = []
  for (const each of objects) {
    const decided = await decide(each, { planner, owner }, signal)
    steps.push({ ...nameOf(each), ...decided, wanted: digestOf(each.object) })
  }
  for (const { patch, objects: untouched } of rejected)
    for (const { component, kind, namespace, name, message } of rejectionReports(patch, untouched)) {
      const where = namespace === undefined ? {} : { namespace }
      steps.push({ action: 'skip', component, kind, ...where, name, detail: [message] })
    }
  return steps
}

const nameOf = ({ component, object: { kind, metadata } }: DesiredObject) => {
  const { namespace, name } = metadata
  return { component, kind, namespace, name }
}

async function decide(
  { object }: DesiredObject,
  { planner, owner }: { planner: ObjectPlanner; owner: string },
  signal: AbortSignal,
): Promise<Decided> {
  try {
    return decided(await planner.plan(object, { owner, isThorough: true }, signal))
  } catch (error) {
    if (!(error instanceof ClusterRefusedError)) throw error
    const { reason, message } = refusedOutcome(error, object)
    return { action: 'skip', detail: [`${reason}: ${message}`] }
  }
}

function decided(step: Step): Decided {
  switch (step.kind) {
    case 'leave':
      return { action: 'skip', detail: [`${step.outcome.reason}: ${step.outcome.message}`] }
    case 'nothing':
    case 'create':
      return { action: step.kind, detail: [] }
    case 'apply':
      return { action: 'apply', detail: step.changed }
    case 'replace':
      return { action: 'replace', detail: step.refusal.fields }
    default:
      return step satisfies never
  }
}
