import { eq, inArray } from 'drizzle-orm'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import {
  flowStageBindings,
  identificationStages,
  passwordStages,
  stages,
  userLoginStages,
  userLogoutStages,
} from '#core/store/tables/flows.ts'
import {
  identificationStageResource,
  passwordStageResource,
  stageResource,
  userLoginStageResource,
  userLogoutStageResource,
} from '#schema/api/stages.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Row } from './binding.ts'
import { nested } from './nested.ts'
import { type Call, OWN, ok, type Route } from './route.ts'
import { typesRoute } from './types-route.ts'

type StageRow = typeof stages.$inferSelect & Row

const base = stageResource.model

const FLOW_FIELDS = [
  'pk',
  'policybindingmodel_ptr_id',
  'name',
  'slug',
  'title',
  'designation',
  'background',
  'policy_engine_mode',
  'compatibility_mode',
  'export_url',
  'layout',
  'denied_action',
]

/** The flows that a stage is bound in. */
export async function representStage(
  call: Call,
  rows: readonly StageRow[],
  db: Database,
): Promise<readonly JsonObject[]> {
  const keys = rows.map(({ stageUuid }) => stageUuid)
  if (keys.length === 0) return []
  const bound = await db
    .selectDistinct({ stage: flowStageBindings.stage, flow: flowStageBindings.target })
    .from(flowStageBindings)
    .where(inArray(flowStageBindings.stage, keys))
  const flows = await nested(
    call,
    db,
    'authentik_flows.flow',
    bound.map(({ flow }) => flow),
    FLOW_FIELDS,
  )
  return keys.map((key) => ({
    flow_set: bound.filter(({ stage }) => stage === key).flatMap(({ flow }) => flows.get(flow) ?? []),
  }))
}

/** One kind of stage: a declaration, and the table that holds its settings. */
export function stageKind(
  kind: string,
  resource: Binding['resource'],
  table: Binding['tables'][number],
): Binding<StageRow> {
  return { resource, tables: [stages, table], base, kind, represent: representStage }
}

/** What people can set up for themselves: a password, when its stage has a flow for that. */
const userSettings: Route = {
  method: 'GET',
  path: 'stages/all/user_settings/',
  operationId: 'stages_all_user_settings_list',
  access: OWN,
  document: { response: 'array:UserSetting' },
  handle: async ({ ctx }) => {
    const rows = await ctx.db
      .select()
      .from(stages)
      .innerJoin(passwordStages, eq(passwordStages.stageUuid, stages.stageUuid))
    return ok(
      rows.flatMap(({ stages: { stageUuid }, stages_password: { configureFlow } }) =>
        configureFlow === null
          ? []
          : [
              {
                object_uid: stageUuid,
                component: 'ak-user-settings-password',
                title: passwordStageResource.presentation!.verboseName,
                configure_url: `/flows/-/configure/${stageUuid}/`,
              },
            ],
      ),
    )
  },
}

/** Stages of every kind, and then each kind. */
export const stageBindings: readonly Binding<StageRow>[] = [
  {
    resource: stageResource,
    tables: [stages],
    represent: representStage,
    actions: [typesRoute('stages/all/', base), userSettings],
  },
  {
    ...stageKind('identification', identificationStageResource, identificationStages),
    async prepare(_call, values, before) {
      const userFields = values['user_fields'] ?? before?.['userFields'] ?? []
      const sources = values['sources'] ?? before?.['sources'] ?? []
      if ([userFields, sources].every((list) => Array.isArray(list) && list.length === 0))
        throw new ValidationFailedError({
          non_field_errors: ['When no user fields are selected, at least one source must be selected'],
        })
      return { user_fields: userFields, ...values }
    },
  },
  stageKind('password', passwordStageResource, passwordStages),
  stageKind('user_login', userLoginStageResource, userLoginStages),
  stageKind('user_logout', userLogoutStageResource, userLogoutStages),
]
