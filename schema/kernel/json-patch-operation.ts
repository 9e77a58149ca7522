import { z } from 'zod'
import { JSON_POINTER, pointerSteps } from './json-pointer.ts'

/** Which operation cannot be applied, counted from 0, and why: names of members, never values. */
export interface PatchProblem {
  readonly index: number
  readonly reason: string
}

const MAX_OPERATIONS = 1000
/** Of a pointer, and of a value. */
const MAX_DEPTH = 64
/** Names that lead out of the data. */
const FORBIDDEN = new Set(['__proto__', 'prototype', 'constructor'])

const pointer = z
  .string({ error: ({ input }) => (input === undefined ? 'is required' : 'should be text') })
  .regex(JSON_POINTER, 'should be a JSON pointer such as /metadata/annotations/example.com~1name')
  .transform(pointerSteps)
  .refine((steps) => steps.length <= MAX_DEPTH, 'is too deep')
  .refine((steps) => !steps.some((step) => FORBIDDEN.has(step)), 'passes a forbidden name')

const value = z.unknown().superRefine((given, context) => {
  const problem = given === undefined ? 'is required' : valueProblem(given, MAX_DEPTH)
  if (problem !== undefined) context.addIssue(problem)
})

/** RFC 6902 §4, with pointers as steps; members that it does not define are ignored. */
const operation = z.discriminatedUnion(
  'op',
  [
    z.object({ op: z.literal('add'), path: pointer, value }),
    z.object({ op: z.literal('remove'), path: pointer }),
    z.object({ op: z.literal('replace'), path: pointer, value }),
    z.object({ op: z.literal('move'), path: pointer, from: pointer }),
    z.object({ op: z.literal('copy'), path: pointer, from: pointer }),
    z.object({ op: z.literal('test'), path: pointer, value }),
  ],
  { error: 'should be an operation: "op" is one of add, remove, replace, move, copy, test' },
)
export type PatchOperation = z.infer<typeof operation>

/** A patch as it came, checked as far as that is possible without a document. */
export function parseOperations(patch: unknown): readonly PatchOperation[] | PatchProblem {
  if (!Array.isArray(patch)) return { index: 0, reason: 'a patch should be a list of operations' }
  if (patch.length > MAX_OPERATIONS) return { index: MAX_OPERATIONS, reason: 'too many operations' }
  const parsed: PatchOperation[] = []
  for (const [index, each] of patch.entries()) {
    const { data, error } = operation.safeParse(each)
    if (error !== undefined) {
      const [{ path, message }] = error.issues as [z.core.$ZodIssue]
      return { index, reason: message.startsWith('should be an operation') ? message : `${path.join('.')} ${message}` }
    }
    parsed.push(data)
  }
  return parsed
}

/** The first operation that no document could take, if any. */
export function patchProblem(patch: unknown): PatchProblem | undefined {
  const parsed = parseOperations(patch)
  return 'reason' in parsed ? parsed : undefined
}

/** How much a JSON value holds, in members and characters; infinite when it is too deep to walk. */
export function sizeOf(given: unknown, depth = 2 * MAX_DEPTH): number {
  if (depth === 0) return Number.POSITIVE_INFINITY
  if (typeof given === 'string') return 1 + given.length
  if (typeof given !== 'object' || given === null) return 1
  return Object.entries(given).reduce((sum, [name, each]) => sum + name.length + sizeOf(each, depth - 1), 1)
}

function valueProblem(given: unknown, depth: number): string | undefined {
  if (given === null || typeof given === 'string' || typeof given === 'boolean' || Number.isFinite(given))
    return undefined
  if (typeof given !== 'object') return 'is not JSON'
  if (depth === 0) return 'is too deep'
  for (const [name, each] of Object.entries(given)) {
    if (FORBIDDEN.has(name)) return 'has a forbidden name'
    const problem = valueProblem(each, depth - 1)
    if (problem !== undefined) return problem
  }
  return undefined
}
