import { randomUUID } from 'node:crypto'
import type { CoreContext } from '#core/context.ts'
import { activeStatus } from '#core/domain/access/active.ts'
import { type BindingResult, combine } from '#core/domain/policy/combine.ts'
import { bindingsOf } from '#core/store/bindings.ts'
import type { Database } from '#core/store/database.ts'
import type { Principal } from '#core/store/users.ts'
import { evaluateBindings } from './evaluate-bindings.ts'
import { policyRequest } from './policy-input.ts'
import { recordFailures } from './record-decision.ts'

/** An answer that can be explained later: whatever acts on it keeps it in an audit event, by its `id`. */
export interface Decision {
  readonly id: string
  readonly passing: boolean
  /** For the person who asked to get in. */
  readonly messages: readonly string[]
  /** For the administrator. */
  readonly reason: string
  /** What each binding of the application said, in their order; none when it did not come to that. */
  readonly bindings: readonly BindingResult[]
}

/** Somebody's wish to open an application, inside a transaction when there is a `db`. */
export interface AccessQuestion {
  readonly principal: Principal
  readonly application: { readonly pbmUuid: string; readonly slug: string; readonly name: string }
  readonly clientIp: string
  readonly db?: Database
}

/**
 * May this user open this application now, from here? The only place that answers it, for OIDC, proxy, LDAP, RADIUS,
 * the library and the API. Every doubt is a denial; a policy that cannot be evaluated is kept for auditors.
 */
export async function mayOpenApplication(ctx: CoreContext, question: AccessQuestion): Promise<Decision> {
  const { principal, application, clientIp, db = ctx.db } = question
  const id = randomUUID()
  const denied = (reason: string): Decision => ({ id, passing: false, messages: [], reason, bindings: [] })
  const status = activeStatus(principal.user)
  if (status.kind === 'inactive') return denied(status.reason)
  const target = await bindingsOf(db, application.pbmUuid)
  if (target === undefined) return denied('no such application')
  const request = policyRequest(principal, clientIp, { application: { slug: application.slug } })
  const bindings = evaluateBindings(target.bindings, request)
  const decision = { id, ...combine(target.mode, bindings), bindings }
  await recordFailures(ctx, question, decision)
  return decision
}
