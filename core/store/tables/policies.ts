import { randomUUID } from 'node:crypto'
import { boolean, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { groups, users } from './users.ts'

/** Whatever policies are bound to: applications, flows, flow-stage bindings share this id. */
export const policyTargets = pgTable('policy_targets', {
  pbmUuid: uuid('pbm_uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  kind: text('kind').notNull(),
  policyEngineMode: text('policy_engine_mode').notNull().default('any'),
})

export const policies = pgTable('policies', {
  policyUuid: uuid('policy_uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  /** Which child table holds the rest: `expression`, `dummy`, … */
  kind: text('kind').notNull(),
  name: text('name').notNull().unique(),
  executionLogging: boolean('execution_logging').notNull().default(false),
})

export const expressionPolicies = pgTable('policies_expression', {
  policyUuid: uuid('policy_uuid')
    .primaryKey()
    .references(() => policies.policyUuid, { onDelete: 'cascade' }),
  /** CEL, checked at save. */
  expression: text('expression').notNull(),
})

export const dummyPolicies = pgTable('policies_dummy', {
  policyUuid: uuid('policy_uuid')
    .primaryKey()
    .references(() => policies.policyUuid, { onDelete: 'cascade' }),
  result: boolean('result').notNull().default(false),
  waitMin: integer('wait_min').notNull().default(5),
  waitMax: integer('wait_max').notNull().default(30),
})

export const policyBindings = pgTable(
  'policy_bindings',
  {
    policyBindingUuid: uuid('policy_binding_uuid')
      .primaryKey()
      .$defaultFn(() => randomUUID()),
    target: uuid('target')
      .notNull()
      .references(() => policyTargets.pbmUuid, { onDelete: 'cascade' }),
    policy: uuid('policy').references(() => policies.policyUuid, { onDelete: 'cascade' }),
    group: uuid('group_uuid').references(() => groups.groupUuid, { onDelete: 'cascade' }),
    user: integer('user_id').references(() => users.id, { onDelete: 'cascade' }),
    enabled: boolean('enabled').notNull().default(true),
    negate: boolean('negate').notNull().default(false),
    order: integer('order').notNull(),
    timeout: integer('timeout').notNull().default(30),
    failureResult: boolean('failure_result').notNull().default(false),
  },
  (table) => [index('policy_bindings_target').on(table.target)],
)
