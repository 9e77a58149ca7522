import { Environment } from '@marcbachmann/cel-js'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** What policy expressions see: plain data, nothing to call and nothing to reach. */
export interface ExpressionInput {
  /** `{pk, username, name, email, type, is_active, is_superuser, groups, attributes}`; empty when nobody is known yet. */
  readonly user: JsonObject
  /** `{client_ip}`. */
  readonly request: JsonObject
  /** What the caller adds: the application, or the context of a flow. */
  readonly context: JsonObject
}

export type ExpressionResult =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'failure'; readonly error: string }

const environment = new Environment({
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2_000, maxDepth: 50, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 16 },
})
  .registerVariable('user', 'map')
  .registerVariable('request', 'map')
  .registerVariable('context', 'map')

/** What is wrong with a policy expression, for the person who wrote it; undefined if it is true or false. */
export function expressionProblem(expression: string): string | undefined {
  const { valid, type, error } = environment.check(expression)
  if (!valid) return error?.message ?? 'not an expression'
  return type === undefined || type === 'bool' || type === 'dyn' ? undefined : `true or false is needed, not ${type}`
}

const MAX_PROGRAMS = 1_000
const programs = new Map<string, (input: JsonObject) => unknown>()

/** The value of an expression; whatever goes wrong is a failure, never a value. */
export function evaluateExpression(expression: string, { user, request, context }: ExpressionInput): ExpressionResult {
  try {
    let program = programs.get(expression)
    if (program === undefined) {
      if (programs.size >= MAX_PROGRAMS) programs.clear()
      program = environment.parse(expression)
      programs.set(expression, program)
    }
    return { kind: 'value', value: program({ user, request, context }) }
  } catch (error) {
    return { kind: 'failure', error: error instanceof Error ? error.message : 'the expression failed' }
  }
}
