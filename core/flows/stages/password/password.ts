import { eq } from 'drizzle-orm'
import type { Database } from '#core/store/database.ts'
import { passwordStages } from '#core/store/tables/flows.ts'
import { passwordResponse } from '#schema/challenge/password.ts'
import { avatarOf } from '../../avatar.ts'
import { parseAnswer } from '../../parse-answer.ts'
import { invalid, PASSED, type StageExecutor } from '../../stage.ts'
import { checkPassword } from './check-password.ts'

/** The settings of a password stage, also of one that an identification stage has embedded. */
export async function loadPasswordStage(db: Database, stageUuid: string): Promise<typeof passwordStages.$inferSelect> {
  const [settings] = await db.select().from(passwordStages).where(eq(passwordStages.stageUuid, stageUuid))
  if (settings === undefined) throw new TypeError(`password stage ${stageUuid} has no settings`)
  return settings
}

/** Asks for the password of whoever was identified; what was typed is echoed, not what the user is called. */
export const password: StageExecutor = {
  async challenge({ context }) {
    const identifier = context.identifier ?? ''
    return { component: 'ak-stage-password', pending_user: identifier, pending_user_avatar: avatarOf(identifier) }
  },

  async respond(run, answer) {
    const { context } = run
    if (context.identifier === undefined) return { kind: 'denied', message: 'Nobody is to be authenticated.' }
    const settings = await loadPasswordStage(run.ctx.db, run.stageUuid)
    const parsed = parseAnswer(passwordResponse, answer)
    const right = 'value' in parsed && (await checkPassword(run, { ...parsed.value, backends: settings.backends }))
    if (right) {
      delete context.attempts
      return PASSED
    }
    context.attempts = (context.attempts ?? 0) + 1
    if (context.attempts >= settings.failedAttemptsBeforeCancel) return { kind: 'denied', message: 'Invalid password' }
    return 'refusal' in parsed ? parsed.refusal : invalid('password', 'Invalid password')
  },
}
