import { index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { serviceConnections } from './outposts.ts'

/** Controllers that are at work, as far as is known: until when, by the database's clock. */
export const controllers = pgTable('controllers', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  until: timestamp('until', { withTimezone: true }).notNull(),
})

/** Which controller serves a service connection: one. */
export const connectionClaims = pgTable(
  'connection_claims',
  {
    connection: uuid('connection')
      .primaryKey()
      .references(() => serviceConnections.uuid, { onDelete: 'cascade' }),
    controller: text('controller')
      .notNull()
      .references(() => controllers.id, { onDelete: 'cascade' }),
  },
  (table) => [index('connection_claims_controller').on(table.controller)],
)
