import { boolean, index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { DeploymentRecord } from '#schema/deployment/status.ts'
import { serviceConnections } from './outposts.ts'

/** What a record says beside what it is asked for by. */
export type StoredRecord = Omit<DeploymentRecord, 'outpost' | 'outpost_name' | 'connection'>

/** What controllers keep about what they have made. It outlives its outpost, until what was made is removed. */
export const outpostDeployments = pgTable(
  'outpost_deployments',
  {
    /** No foreign key: the outpost may be gone. */
    outpost: uuid('outpost').primaryKey(),
    outpostName: text('outpost_name').notNull(),
    connection: uuid('connection')
      .notNull()
      .references(() => serviceConnections.uuid, { onDelete: 'restrict' }),
    record: jsonb('record').$type<StoredRecord>().notNull(),
  },
  (table) => [index('outpost_deployments_connection').on(table.connection)],
)

/** What a controller said last of a service connection. */
export const serviceConnectionStates = pgTable('service_connection_states', {
  uuid: uuid('uuid')
    .primaryKey()
    .references(() => serviceConnections.uuid, { onDelete: 'cascade' }),
  healthy: boolean('healthy').notNull(),
  version: text('version').notNull(),
  reason: text('reason').notNull(),
  checkedAt: timestamp('checked_at', { withTimezone: true }).notNull(),
})
