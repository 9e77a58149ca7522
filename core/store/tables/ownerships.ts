import { randomUUID } from 'node:crypto'
import { jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** What keeps objects of the core from outside. A row outlives its object, so that the owner learns that it is gone. */
export const ownerships = pgTable('ownerships', {
  uuid: uuid('uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  model: text('model').notNull(),
  /** `<model>/<key>`. */
  object: text('object').notNull().unique(),
  owner: text('owner').notNull().unique(),
  source: text('source').notNull(),
  applied: jsonb('applied').$type<JsonObject>().notNull().default({}),
  created: timestamp('created', { withTimezone: true }).notNull().defaultNow(),
})
