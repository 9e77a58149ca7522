import { randomUUID } from 'node:crypto'
import { boolean, index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** Values of the installation itself: `install_id`, sealed key material. */
export const settings = pgTable('settings', {
  key: text('key').primaryKey(),
  value: text('value').notNull(),
})

export const events = pgTable(
  'events',
  {
    eventUuid: uuid('event_uuid')
      .primaryKey()
      .$defaultFn(() => randomUUID()),
    user: jsonb('user').$type<JsonObject>().notNull().default({}),
    action: text('action').notNull(),
    app: text('app').notNull(),
    context: jsonb('context').$type<JsonObject>().notNull().default({}),
    clientIp: text('client_ip'),
    created: timestamp('created', { withTimezone: true }).notNull().defaultNow(),
    expires: timestamp('expires', { withTimezone: true }).notNull(),
    tenant: jsonb('tenant').$type<JsonObject>().notNull().default({}),
  },
  (table) => [index('events_created').on(table.created), index('events_expires').on(table.expires)],
)

export const blueprintInstances = pgTable('blueprint_instances', {
  instanceUuid: uuid('instance_uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  name: text('name').notNull().unique(),
  path: text('path').notNull().default(''),
  content: text('content').notNull().default(''),
  context: jsonb('context').$type<JsonObject>().notNull().default({}),
  metadata: jsonb('metadata').$type<JsonObject>().notNull().default({}),
  managedModels: text('managed_models').array().notNull().default([]),
  status: text('status').notNull().default('unknown'),
  enabled: boolean('enabled').notNull().default(true),
  lastApplied: timestamp('last_applied', { withTimezone: true }).notNull().defaultNow(),
  lastAppliedHash: text('last_applied_hash').notNull().default(''),
  managed: text('managed').unique(),
})

/** What the OpenID provider library stores: one row a model instance. */
export const oidcArtifacts = pgTable(
  'oidc_artifacts',
  {
    /** `<model>:<SHA-256 of the library's id, hex>`. */
    key: text('key').primaryKey(),
    model: text('model').notNull(),
    clientId: text('client_id').notNull().default(''),
    /** Sealed JSON. */
    payload: text('payload').notNull(),
    grantId: text('grant_id'),
    uid: text('uid'),
    userCode: text('user_code'),
    accountId: text('account_id'),
    /** SHA-256 hex of the core session key that this was granted under. */
    sessionHash: text('session_hash'),
    consumed: timestamp('consumed', { withTimezone: true }),
    expires: timestamp('expires', { withTimezone: true }),
  },
  (table) => [
    index('oidc_artifacts_grant').on(table.grantId),
    index('oidc_artifacts_uid').on(table.uid),
    index('oidc_artifacts_account').on(table.accountId),
    index('oidc_artifacts_session').on(table.sessionHash),
    index('oidc_artifacts_expires').on(table.expires),
  ],
)
