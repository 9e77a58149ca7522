import type { BindingResult } from '#core/domain/policy/combine.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type Call, isSuperuser } from './route.ts'

/** What was asked of policies, by somebody who may be nobody but the person it is about. */
interface Verdict {
  readonly passing: boolean
  readonly messages: readonly string[]
  readonly reason: string
  /** Of a decision: what it is kept under. */
  readonly id?: string
  readonly bindings?: readonly BindingResult[]
}

/** The API's PolicyTestResult. Everybody is told the decision's id, to have it explained; reasons are for superusers. */
export function policyTestResult(call: Call, { passing, messages, reason, id, bindings = [] }: Verdict): JsonObject {
  const known = id === undefined ? { passing } : { passing, decision: id }
  if (!isSuperuser(call)) return { ...known, messages: [], log_messages: [] }
  const timestamp = new Date(call.ctx.clock.now()).toISOString()
  const log = (event: string, attributes: JsonObject) => ({
    log_level: 'info',
    event,
    logger: 'core.access',
    timestamp,
    attributes,
  })
  const log_messages =
    bindings.length === 0
      ? [log(reason, {})]
      : bindings.map((result) => log(result.reason, { binding: result.binding, passing: result.passing }))
  return { ...known, messages, log_messages }
}
