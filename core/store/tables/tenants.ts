import { randomUUID } from 'node:crypto'
import { boolean, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { certificateKeyPairs } from './certificates.ts'
import { flows } from './flows.ts'

/** A brand: how the core presents itself, and its default flows, for one domain. */
export const tenants = pgTable('tenants', {
  tenantUuid: uuid('tenant_uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  domain: text('domain').notNull().unique(),
  default: boolean('default').notNull().default(false),
  brandingTitle: text('branding_title').notNull().default('Martello'),
  flowAuthentication: uuid('flow_authentication').references(() => flows.flowUuid, { onDelete: 'set null' }),
  flowInvalidation: uuid('flow_invalidation').references(() => flows.flowUuid, { onDelete: 'set null' }),
  webCertificate: uuid('web_certificate').references(() => certificateKeyPairs.kpUuid, { onDelete: 'set null' }),
  attributes: jsonb('attributes').$type<JsonObject>().notNull().default({}),
})
