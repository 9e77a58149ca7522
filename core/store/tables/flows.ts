import { randomUUID } from 'node:crypto'
import { boolean, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { policyTargets } from './policies.ts'

/** The flow's id is its policy target's id. */
export const flows = pgTable('flows', {
  flowUuid: uuid('flow_uuid')
    .primaryKey()
    .references(() => policyTargets.pbmUuid, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  slug: text('slug').notNull().unique(),
  title: text('title').notNull(),
  designation: text('designation').notNull(),
  background: text('background').notNull().default(''),
  layout: text('layout').notNull().default('stacked'),
  compatibilityMode: boolean('compatibility_mode').notNull().default(false),
  deniedAction: text('denied_action').notNull().default('message_continue'),
  authentication: text('authentication').notNull().default('none'),
})

/** Base of every stage; the child table with the same id holds the rest. */
export const stages = pgTable('stages', {
  stageUuid: uuid('stage_uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  kind: text('kind').notNull(),
  name: text('name').notNull().unique(),
})

export const passwordStages = pgTable('stages_password', {
  stageUuid: uuid('stage_uuid')
    .primaryKey()
    .references(() => stages.stageUuid, { onDelete: 'cascade' }),
  backends: text('backends').array().notNull(),
  configureFlow: uuid('configure_flow').references(() => flows.flowUuid, { onDelete: 'set null' }),
  failedAttemptsBeforeCancel: integer('failed_attempts_before_cancel').notNull().default(5),
})

export const identificationStages = pgTable('stages_identification', {
  stageUuid: uuid('stage_uuid')
    .primaryKey()
    .references(() => stages.stageUuid, { onDelete: 'cascade' }),
  userFields: text('user_fields').array().notNull(),
  passwordStage: uuid('password_stage').references(() => passwordStages.stageUuid, { onDelete: 'set null' }),
  caseInsensitiveMatching: boolean('case_insensitive_matching').notNull().default(true),
  showMatchedUser: boolean('show_matched_user').notNull().default(true),
  enrollmentFlow: uuid('enrollment_flow').references(() => flows.flowUuid, { onDelete: 'set null' }),
  recoveryFlow: uuid('recovery_flow').references(() => flows.flowUuid, { onDelete: 'set null' }),
  passwordlessFlow: uuid('passwordless_flow').references(() => flows.flowUuid, { onDelete: 'set null' }),
  sources: uuid('sources').array().notNull().default([]),
  showSourceLabels: boolean('show_source_labels').notNull().default(false),
})

export const userLoginStages = pgTable('stages_user_login', {
  stageUuid: uuid('stage_uuid')
    .primaryKey()
    .references(() => stages.stageUuid, { onDelete: 'cascade' }),
  sessionDuration: text('session_duration').notNull().default('seconds=0'),
  terminateOtherSessions: boolean('terminate_other_sessions').notNull().default(false),
  rememberMeOffset: text('remember_me_offset').notNull().default('seconds=0'),
})

/** Ends the session; part of the default invalidation flow. It has no settings. */
export const userLogoutStages = pgTable('stages_user_logout', {
  stageUuid: uuid('stage_uuid')
    .primaryKey()
    .references(() => stages.stageUuid, { onDelete: 'cascade' }),
})

/** The binding's id is its policy target's id. */
export const flowStageBindings = pgTable(
  'flow_stage_bindings',
  {
    fsbUuid: uuid('fsb_uuid')
      .primaryKey()
      .references(() => policyTargets.pbmUuid, { onDelete: 'cascade' }),
    target: uuid('target')
      .notNull()
      .references(() => flows.flowUuid, { onDelete: 'cascade' }),
    stage: uuid('stage')
      .notNull()
      .references(() => stages.stageUuid, { onDelete: 'cascade' }),
    order: integer('order').notNull(),
    evaluateOnPlan: boolean('evaluate_on_plan').notNull().default(false),
    reEvaluatePolicies: boolean('re_evaluate_policies').notNull().default(true),
    invalidResponseAction: text('invalid_response_action').notNull().default('retry'),
  },
  (table) => [uniqueIndex('flow_stage_bindings_unique').on(table.target, table.stage, table.order)],
)
