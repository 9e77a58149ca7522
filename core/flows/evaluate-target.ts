import { evaluateBindings } from '#core/access/evaluate-bindings.ts'
import type { CoreContext } from '#core/context.ts'
import type { PolicyRequest } from '#core/domain/policy/binding.ts'
import { combine, type PolicyVerdict } from '#core/domain/policy/combine.ts'
import { bindingsOf } from '#core/store/bindings.ts'
import { MartelloError } from '#schema/kernel/errors.ts'

/** A policy that decides about a flow or stage could not be evaluated. */
export class PolicyFailedError extends MartelloError {
  override readonly code = 'MRT_POLICY_FAILED'
}

/** What the bindings of a flow or stage say. A failure that nobody has given a meaning to is an error, not an answer. */
export async function evaluateTarget(ctx: CoreContext, target: string, request: PolicyRequest): Promise<PolicyVerdict> {
  const bound = await bindingsOf(ctx.db, target)
  if (bound === undefined) throw new TypeError(`${target} is nothing that policies are bound to`)
  const results = evaluateBindings(bound.bindings, request)
  const broken = results.find(({ failed, passing }) => failed && !passing)
  if (broken !== undefined) throw new PolicyFailedError(broken.reason)
  return combine(bound.mode, results)
}
