import { Environment } from '@marcbachmann/cel-js'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { EndedError, endAfter } from './watch.ts'

/** What policy expressions see: plain data, nothing to call and nothing to reach. */
export interface ExpressionInput {
  /** `{pk, username, name, email, type, is_active, is_superuser, groups, attributes}`; empty when nobody is known yet. */
  readonly user: JsonObject
  /** `{client_ip}`. */
  readonly request: JsonObject
  /** What the caller adds: the application, or the context of a flow. */
  readonly context: JsonObject
}

/** A failure says why, for the administrator. */
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

/** No evaluation takes longer, whatever its binding says: nobody else is served meanwhile. */
export const MAX_EVALUATION_MS = 200

interface Program {
  readonly run: (input: JsonObject) => unknown
  /** Whether it may take long: longer than what its size, and that of its input, stand for. */
  readonly isWatched: boolean
}

const MAX_PROGRAMS = 1_000
const programs = new Map<string, Program>()

/**
 * The value of an expression; whatever goes wrong is a failure, never a value. It is ended once it has taken as long as
 * it may.
 */
export function evaluateExpression(
  expression: string,
  { user, request, context }: ExpressionInput,
  limitMs: number,
): ExpressionResult {
  try {
    const { run, isWatched } = compiled(expression)
    const work = () => run({ user, request, context })
    return { kind: 'value', value: isWatched ? endAfter(limitMs, work) : work() }
  } catch (error) {
    if (error instanceof EndedError) programs.delete(expression)
    return { kind: 'failure', error: error instanceof Error ? error.message : 'the expression failed' }
  }
}

function compiled(expression: string): Program {
  const known = programs.get(expression)
  if (known !== undefined) return known
  if (programs.size >= MAX_PROGRAMS) programs.clear()
  const run = environment.parse(expression)
  const program = { run, isWatched: !isBrief(run.ast) }
  programs.set(expression, program)
  return program
}

/** Operators and calls that look at each part of their operands once at most, and make nothing that grows. */
const BRIEF_OPERATORS = new Set('value id . [] list map ?: || && !_ -_ == != in < <= > >='.split(' '))
const BRIEF_CALLS = new Set(['has', 'size', 'startsWith', 'endsWith', 'contains'])

/** Whether an expression is made of these alone, so that there is nothing to watch. */
function isBrief(part: unknown): boolean {
  if (Array.isArray(part)) return part.every(isBrief)
  if (typeof part !== 'object' || part === null || !('op' in part) || !('args' in part)) return true
  const { op, args } = part as { readonly op: string; readonly args: unknown }
  if (op === 'call' || op === 'rcall') return Array.isArray(args) && BRIEF_CALLS.has(args[0]) && isBrief(args.slice(1))
  return BRIEF_OPERATORS.has(op) && isBrief(args)
}
