import { eq, or, type SQL, sql } from 'drizzle-orm'
import type { Database } from '#core/store/database.ts'
import { identificationStages } from '#core/store/tables/flows.ts'
import { users } from '#core/store/tables/users.ts'
import type { UserRecord } from '#core/store/users.ts'
import { identificationResponse } from '#schema/challenge/identification.ts'
import { parseAnswer } from '../../parse-answer.ts'
import { invalid, PASSED, type StageExecutor } from '../../stage.ts'
import { checkPassword } from '../password/check-password.ts'
import { loadPasswordStage } from '../password/password.ts'

type Settings = typeof identificationStages.$inferSelect

async function load(db: Database, stageUuid: string): Promise<Settings> {
  const [settings] = await db.select().from(identificationStages).where(eq(identificationStages.stageUuid, stageUuid))
  if (settings === undefined) throw new TypeError(`identification stage ${stageUuid} has no settings`)
  return settings
}

/** Asks who is there. Whoever has no such name goes on all the same and fails at the password, like a wrong one. */
export const identification: StageExecutor = {
  async challenge({ ctx, flow, stageUuid, context }) {
    const settings = await load(ctx.db, stageUuid)
    return {
      component: 'ak-stage-identification',
      user_fields: settings.userFields,
      password_fields: settings.passwordStage !== null,
      ...(context.application === undefined ? {} : { application_pre: context.application.name }),
      primary_action: flow.designation === 'authentication' ? 'Log in' : 'Continue',
      sources: [],
      show_source_labels: settings.showSourceLabels,
      flow_designation: flow.designation,
    }
  },

  async respond(run, answer) {
    const settings = await load(run.ctx.db, run.stageUuid)
    const parsed = parseAnswer(identificationResponse, answer)
    if ('refusal' in parsed) return parsed.refusal
    const { uid_field: identifier, password } = parsed.value
    const shown = storable(identifier)
    const user = await identify(run.ctx.db, settings, shown)
    run.context.identifier = shown
    run.context.pendingUser = shown === identifier ? (user?.id ?? null) : null
    delete run.context.authenticated
    if (settings.passwordStage === null) return PASSED
    if (password === undefined || password === '') return invalid('password', 'This field is required.', 'required')
    const { backends } = await loadPasswordStage(run.ctx.db, settings.passwordStage)
    const outcome = await checkPassword(run, { password, backends })
    return outcome ? PASSED : invalid('non_field_errors', 'Failed to authenticate.')
  },
}

/** What the database can be asked for, and keep: nobody has a name that this changes, but it goes on like any other. */
const storable = (identifier: string): string => identifier.replaceAll('\0', '\ufffd').toWellFormed()

/** The one user that the identifier names; an identifier that names several names nobody. */
async function identify(db: Database, settings: Settings, identifier: string): Promise<UserRecord | undefined> {
  const columns: Readonly<Record<string, SQL>> = {
    username: sql`${users.username}`,
    email: sql`${users.email}`,
    upn: sql`${users.attributes}->>'upn'`,
  }
  const matches = settings.userFields.flatMap((field) => {
    const column = columns[field]
    if (column === undefined) return []
    return settings.caseInsensitiveMatching
      ? sql`lower(${column}) = lower(${identifier})`
      : sql`${column} = ${identifier}`
  })
  if (matches.length === 0) return undefined
  const found = await db
    .select()
    .from(users)
    .where(or(...matches))
    .limit(3)
  const exact = found.find((user) => user.username === identifier)
  return exact ?? (found.length === 1 ? found[0] : undefined)
}
