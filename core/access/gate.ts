import { randomUUID } from 'node:crypto'
import type { CoreContext } from '#core/context.ts'
import { activeStatus } from '#core/domain/access/active.ts'
import { evaluateBinding } from '#core/domain/policy/binding.ts'
import { combine } from '#core/domain/policy/combine.ts'
import { bindingsOf } from '#core/store/bindings.ts'
import type { Database } from '#core/store/database.ts'
import type { Principal } from '#core/store/users.ts'
import { policyRequest } from './policy-input.ts'

/** An answer that can be explained later: a denial's `id` is in its audit event. */
export interface Decision {
  readonly id: string
  readonly passing: boolean
  /** For the person who asked to get in. */
  readonly messages: readonly string[]
  /** For the administrator. */
  readonly reason: string
}

export interface AccessQuestion {
  readonly principal: Principal
  readonly application: { readonly pbmUuid: string; readonly slug: string }
  readonly clientIp: string
  readonly db?: Database
}

/**
 * May this user open this application now, from here? The only place that answers it, for OIDC, proxy, LDAP, RADIUS,
 * the library and the API. Every doubt is a denial.
 */
export async function mayOpenApplication(ctx: CoreContext, question: AccessQuestion): Promise<Decision> {
  const { principal, application, clientIp, db = ctx.db } = question
  const status = activeStatus(principal.user)
  if (status.kind === 'inactive') return { id: randomUUID(), passing: false, messages: [], reason: status.reason }
  const target = await bindingsOf(db, application.pbmUuid)
  if (target === undefined) return { id: randomUUID(), passing: false, messages: [], reason: 'no such application' }
  const request = policyRequest(principal, clientIp, { application: { slug: application.slug } })
  const verdict = combine(
    target.mode,
    target.bindings.map((binding) => evaluateBinding(binding, request)),
  )
  return { id: randomUUID(), ...verdict }
}

/** Stores why somebody was refused, under the decision's id. */
export async function recordDenial(ctx: CoreContext, question: AccessQuestion, decision: Decision): Promise<void> {
  const { user } = question.principal
  await ctx.events.record(
    {
      action: 'authorize_denied',
      app: 'authentik.policies',
      user: { pk: user.id, username: user.username, email: user.email },
      clientIp: question.clientIp,
      context: { application: question.application.slug, decision: decision.id, reason: decision.reason },
    },
    question.db,
  )
}
