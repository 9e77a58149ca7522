import { type Binding, evaluateBinding, type PolicyRequest } from '#core/domain/policy/binding.ts'
import type { BindingResult } from '#core/domain/policy/combine.ts'

const nowMs = () => performance.now()

/** What each binding says, in their order. Who acts on it keeps what could not be evaluated for auditors. */
export const evaluateBindings = (bindings: readonly Binding[], request: PolicyRequest): readonly BindingResult[] =>
  bindings.map((binding) => evaluateBinding(binding, request, nowMs))
