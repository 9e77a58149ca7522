import { asc, eq } from 'drizzle-orm'
import type { BoundStage } from '#core/domain/flow/plan.ts'
import type { Database } from './database.ts'
import { flowStageBindings, flows, stages } from './tables/flows.ts'

export type FlowRecord = typeof flows.$inferSelect

/** The flow with this slug, as it stands in addresses. */
export async function findFlow(db: Database, slug: string): Promise<FlowRecord | undefined> {
  const [flow] = await db.select().from(flows).where(eq(flows.slug, slug))
  return flow
}

/** The flow with this key. */
export async function findFlowById(db: Database, flowUuid: string): Promise<FlowRecord | undefined> {
  const [flow] = await db.select().from(flows).where(eq(flows.flowUuid, flowUuid))
  return flow
}

/** The stages bound to a flow, by order. */
export function stagesOf(db: Database, flowUuid: string): Promise<readonly BoundStage[]> {
  return db
    .select({
      fsbUuid: flowStageBindings.fsbUuid,
      stageUuid: stages.stageUuid,
      kind: stages.kind,
      name: stages.name,
      evaluateOnPlan: flowStageBindings.evaluateOnPlan,
      reEvaluatePolicies: flowStageBindings.reEvaluatePolicies,
      invalidResponseAction: flowStageBindings.invalidResponseAction,
    })
    .from(flowStageBindings)
    .innerJoin(stages, eq(stages.stageUuid, flowStageBindings.stage))
    .where(eq(flowStageBindings.target, flowUuid))
    .orderBy(asc(flowStageBindings.order), asc(flowStageBindings.fsbUuid))
}
