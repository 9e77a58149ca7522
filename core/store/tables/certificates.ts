import { randomUUID } from 'node:crypto'
import { pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const certificateKeyPairs = pgTable('certificate_key_pairs', {
  kpUuid: uuid('kp_uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  name: text('name').notNull().unique(),
  /** PEM chain, leaf first. */
  certificateData: text('certificate_data').notNull(),
  /** PEM private key, sealed; empty text when there is none. */
  keyData: text('key_data').notNull().default(''),
  managed: text('managed').unique(),
  created: timestamp('created', { withTimezone: true }).notNull().defaultNow(),
})
