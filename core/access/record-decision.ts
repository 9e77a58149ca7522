import type { CoreContext } from '#core/context.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { AccessQuestion, Decision } from './gate.ts'

const POLICIES = 'authentik.policies'

/** Keeps that somebody was let in or refused, and why, under the decision's id. */
export async function recordDecision(ctx: CoreContext, question: AccessQuestion, decision: Decision): Promise<void> {
  if (decision.passing) await recordAuthorization(ctx, question, decision, { app: POLICIES })
  else await recordDenial(ctx, question, decision)
}

/** Keeps that somebody was let in, and what else is to be known of it (compat: sheet core-api §7.5). */
export async function recordAuthorization(
  ctx: CoreContext,
  question: AccessQuestion,
  decision: Decision,
  { app, more = {} }: { readonly app: string; readonly more?: JsonObject },
): Promise<void> {
  const { pbmUuid, name } = question.application
  const pk = pbmUuid.replaceAll('-', '')
  const authorized_application = { app: 'authentik_core', model_name: 'application', pk, name }
  await record(
    ctx,
    question,
    { action: 'authorize_application', app },
    { authorized_application, ...more, ...why(decision) },
  )
}

/** Keeps that somebody was refused. */
export async function recordDenial(ctx: CoreContext, question: AccessQuestion, decision: Decision): Promise<void> {
  const event = { action: 'authorize_denied', app: POLICIES }
  await record(ctx, question, event, { application: question.application.slug, ...why(decision) })
}

/** Keeps each policy that could not be evaluated, whatever its binding made of that. */
export async function recordFailures(ctx: CoreContext, question: AccessQuestion, decision: Decision): Promise<void> {
  const { slug } = question.application
  for (const { binding, reason } of decision.bindings.filter(({ failed }) => failed)) {
    const context = { message: reason, binding, application: slug, decision: decision.id }
    await record(ctx, question, { action: 'policy_exception', app: POLICIES }, context)
  }
}

/** The decision, for whoever is asked to explain it. */
const why = ({ id, reason, bindings }: Decision): JsonObject => ({
  decision: id,
  reason,
  bindings: bindings.map(({ binding, passing, reason }) => ({ binding, passing, reason })),
})

async function record(
  ctx: CoreContext,
  { principal, clientIp, db }: AccessQuestion,
  event: { readonly action: string; readonly app: string },
  context: JsonObject,
): Promise<void> {
  const { id, username, email } = principal.user
  await ctx.events.record({ ...event, user: { pk: id, username, email }, clientIp, context }, db)
}
