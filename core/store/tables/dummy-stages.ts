import { boolean, pgTable, uuid } from 'drizzle-orm/pg-core'
import { stages } from './flows.ts'

/** Asks for nothing; for trying flows out. */
export const dummyStages = pgTable('stages_dummy', {
  stageUuid: uuid('stage_uuid')
    .primaryKey()
    .references(() => stages.stageUuid, { onDelete: 'cascade' }),
  throwError: boolean('throw_error').notNull().default(false),
})
