import { eq, inArray, sql } from 'drizzle-orm'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import { detachProviders } from '#core/store/outpost-accounts.ts'
import { providers } from '#core/store/tables/applications.ts'
import { flowStageBindings, flows } from '#core/store/tables/flows.ts'
import { policyBindings, policyTargets } from '#core/store/tables/policies.ts'
import { flowBindingResource, flowResource } from '#schema/api/flows.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Effect, Row } from './binding.ts'
import { nested } from './nested.ts'
import { findVisible } from './objects.ts'
import { pictureRoutes } from './pictures.ts'
import { type Call, NO_CONTENT, ok, type Reply, type Route } from './route.ts'

type FlowRow = typeof flows.$inferSelect & Row
type FlowBindingRow = typeof flowStageBindings.$inferSelect & Row

const DEFAULT_BACKGROUND = '/static/dist/assets/images/flow_background.jpg'
const bindingOf = (call: Call) => call.registry.of(flowResource.model)!

/** Flows, with what is bound to them. */
export const flowBinding: Binding<FlowRow> = {
  resource: flowResource,
  tables: [policyTargets, flows],
  kind: 'flow',
  columns: { policybindingmodel_ptr_id: 'pbmUuid' },
  represent,
  deleting,
  actions: [
    collection('GET', 'cache_info', 'view_flow_cache', { response: 'Cache' }),
    collection('POST', 'cache_clear', 'clear_flow_cache', { status: 204 }),
    item('execute', { response: 'Link' }, async (call) => {
      const { slug } = await findVisible(bindingOf(call), call)
      return ok({ link: `/if/flow/${String(slug)}/` })
    }),
    item('diagram', { response: 'FlowDiagram' }, diagram),
    ...pictureRoutes(flowResource, 'set_background', 'background'),
  ],
}

/** The providers that a flow authorizes for go with it. */
async function deleting({ ctx }: Call, db: Database, { flowUuid }: FlowRow): Promise<Effect> {
  const own = await db.select({ id: providers.id }).from(providers).where(eq(providers.authorizationFlow, flowUuid))
  await detachProviders(
    ctx,
    db,
    own.map(({ id }) => id),
  )
  return undefined
}

/** compat: plans are not cached, so there is nothing to count or to clear. */
function collection(
  method: 'GET' | 'POST',
  name: string,
  permission: string,
  document: NonNullable<Route['document']>,
): Route {
  return {
    method,
    path: `flows/instances/${name}/`,
    operationId: `flows_instances_${name}_${method === 'GET' ? 'retrieve' : 'create'}`,
    access: { kind: 'permission', permission: `authentik_flows.${permission}` },
    document,
    handle: async () => (method === 'GET' ? ok({ count: 0 }) : NO_CONTENT),
  }
}

function item(name: string, document: NonNullable<Route['document']>, handle: (call: Call) => Promise<Reply>): Route {
  return {
    method: 'GET',
    path: `flows/instances/{slug}/${name}/`,
    operationId: `flows_instances_${name}_retrieve`,
    access: { kind: 'objects', permission: 'authentik_flows.view_flow' },
    document,
    handle,
  }
}

async function represent(_call: Call, rows: readonly FlowRow[], db: Database): Promise<readonly JsonObject[]> {
  const keys = rows.map(({ flowUuid }) => flowUuid)
  if (keys.length === 0) return []
  const bound = await db
    .select({ flow: flowStageBindings.target, stage: flowStageBindings.stage })
    .from(flowStageBindings)
    .where(inArray(flowStageBindings.target, keys))
    .orderBy(flowStageBindings.order)
  const policies = await db
    .select({ flow: policyBindings.target, policy: policyBindings.policy })
    .from(policyBindings)
    .where(inArray(policyBindings.target, keys))
  return rows.map(({ flowUuid, slug, background }) => ({
    stages: bound.filter(({ flow }) => flow === flowUuid).map(({ stage }) => stage),
    policies: policies.flatMap(({ flow, policy }) => (flow === flowUuid && policy !== null ? [policy] : [])),
    cache_count: 0,
    background: background || DEFAULT_BACKGROUND,
    export_url: `/api/v3/flows/instances/${slug}/export/`,
  }))
}

/** The stages in their order, as a Mermaid flow chart. */
async function diagram(call: Call): Promise<Reply> {
  const flow = await findVisible(bindingOf(call), call)
  const bound = await call.ctx.db
    .select({ stage: flowStageBindings.stage })
    .from(flowStageBindings)
    .where(eq(flowStageBindings.target, String(flow['flowUuid'])))
    .orderBy(flowStageBindings.order)
  const described = await nested(
    call,
    call.ctx.db,
    'authentik_flows.stage',
    bound.map(({ stage }) => stage),
  )
  const steps = bound.map(({ stage }, index) => {
    const { name = '', verbose_name = 'Stage' } = described.get(stage) ?? {}
    return `s${index}["${quoted(String(verbose_name))}<br>${quoted(String(name))}"]`
  })
  const lines = ['start([Start])', ...steps, 'done([End])']
  const arrows = lines.slice(1).map((line, index) => `${lines[index]!.split(/[[(]/)[0]} --> ${line.split(/[[(]/)[0]}`)
  return ok({ diagram: ['graph TD', ...lines, ...arrows].join('\n') })
}

const quoted = (text: string): string => text.replaceAll(/["<>&#]/g, (character) => `#${character.charCodeAt(0)};`)

/** Which stages a flow has, in which order; each is a target of policies itself. */
export const flowStageBindingBinding: Binding<FlowBindingRow> = {
  resource: flowBindingResource,
  tables: [policyTargets, flowStageBindings],
  kind: 'flow_stage_binding',
  columns: { policybindingmodel_ptr_id: 'pbmUuid' },
  filters: {
    policies: (keys) =>
      sql`${flowStageBindings.fsbUuid} in (select ${policyBindings.target} from ${policyBindings} where ${inArray(policyBindings.policy, [...keys])})`,
  },
  async prepare(_call, values, before) {
    const onPlan = values['evaluate_on_plan'] ?? before?.evaluateOnPlan ?? false
    const onRun = values['re_evaluate_policies'] ?? before?.reEvaluatePolicies ?? true
    if (onPlan !== true && onRun !== true)
      throw new ValidationFailedError({
        non_field_errors: ['Either evaluation on plan or evaluation on run must be enabled'],
      })
    return values
  },
  async represent(call, rows, db) {
    const stages = await nested(
      call,
      db,
      'authentik_flows.stage',
      rows.map(({ stage }) => stage),
    )
    return rows.map(({ stage }) => ({ stage_obj: stages.get(stage) }))
  },
}
