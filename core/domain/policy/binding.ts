import type { BindingResult } from './combine.ts'
import { type ExpressionInput, evaluateExpression, MAX_EVALUATION_MS } from './expression.ts'

/** A policy, as far as it is needed to evaluate it. A kind that is not known here cannot be. */
export type BoundPolicy =
  | { readonly kind: 'expression'; readonly name: string; readonly expression: string }
  | { readonly kind: 'dummy'; readonly name: string; readonly result: boolean }
  | { readonly kind: 'unsupported'; readonly name: string }

/** A binding with what it points at, loaded. */
export interface Binding {
  readonly uuid: string
  readonly negate: boolean
  readonly failureResult: boolean
  /** How long its policy may take; 0 is no limit of its own. */
  readonly timeoutMs: number
  readonly subject:
    | { readonly kind: 'user'; readonly id: number }
    | { readonly kind: 'group'; readonly uuid: string; readonly name: string }
    | { readonly kind: 'policy'; readonly policy: BoundPolicy }
}

/** Who asks, and from where. */
export interface PolicyRequest {
  readonly userId: number | undefined
  readonly groupUuids: ReadonlySet<string>
  readonly input: ExpressionInput
}

/**
 * What one binding says. `negate` flips an answer; an error is not an answer, nor is one that comes too late: it gives
 * the binding's `failureResult` (false unless an administrator said otherwise) and is never negated. `nowMs` is a clock
 * that never goes back.
 */
export function evaluateBinding(binding: Binding, request: PolicyRequest, nowMs: () => number): BindingResult {
  const { subject, uuid, negate } = binding
  const answer = (matches: boolean, what: string, messages: readonly string[] = []): BindingResult => ({
    binding: uuid,
    passing: matches !== negate,
    messages,
    reason: `${what}${negate ? ' (negated)' : ''}: ${matches ? 'yes' : 'no'}`,
    failed: false,
  })
  switch (subject.kind) {
    case 'user':
      return answer(request.userId === subject.id, `user ${subject.id}`)
    case 'group':
      return answer(request.groupUuids.has(subject.uuid), `member of ${subject.name}`)
    case 'policy': {
      const result = inTime(binding, nowMs, (limitMs) => evaluatePolicy(subject.policy, request.input, limitMs))
      const what = `policy ${subject.policy.name}`
      if (result.kind === 'answer') return answer(result.passing, what)
      const reason = `${what} failed: ${result.error}`
      return { binding: uuid, passing: binding.failureResult, messages: [], reason, failed: true }
    }
    default:
      return subject satisfies never
  }
}

type PolicyResult =
  | { readonly kind: 'answer'; readonly passing: boolean }
  | { readonly kind: 'failure'; readonly error: string }

function inTime(
  { timeoutMs }: Binding,
  nowMs: () => number,
  evaluate: (limitMs: number) => PolicyResult,
): PolicyResult {
  const limitMs = timeoutMs === 0 ? MAX_EVALUATION_MS : Math.min(timeoutMs, MAX_EVALUATION_MS)
  const startedMs = nowMs()
  const result = evaluate(limitMs)
  return nowMs() - startedMs > limitMs ? { kind: 'failure', error: `longer than ${limitMs} ms` } : result
}

function evaluatePolicy(policy: BoundPolicy, input: ExpressionInput, limitMs: number): PolicyResult {
  switch (policy.kind) {
    case 'dummy':
      return { kind: 'answer', passing: policy.result }
    case 'expression': {
      const result = evaluateExpression(policy.expression, input, limitMs)
      if (result.kind === 'failure') return result
      if (typeof result.value !== 'boolean') return { kind: 'failure', error: 'the expression is not true or false' }
      return { kind: 'answer', passing: result.value }
    }
    case 'unsupported':
      return { kind: 'failure', error: 'this kind of policy cannot be evaluated' }
    default:
      return policy satisfies never
  }
}
