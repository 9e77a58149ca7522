/*
 * RFC 6902 over fast-json-patch. The package alone can write to `Object.prototype`, leaves half a patch applied, lets
 * operations change the patch and takes array indices that RFC 6901 forbids. Here each operation is checked, by own
 * members only, before the package sees it, and works on copies.
 */
import jsonpatch from 'fast-json-patch'
import { type PatchOperation, type PatchProblem, parseOperations, sizeOf } from './json-patch-operation.ts'
import { arrayIndex, pointerOf, valueAt } from './json-pointer.ts'

export type PatchResult =
  | { readonly kind: 'patched'; readonly document: unknown }
  | ({ readonly kind: 'rejected' } & PatchProblem)

type Simple = Exclude<PatchOperation, { op: 'move' | 'copy' }>
type Steps = readonly string[]
type Outcome = { readonly document: unknown; readonly added: number } | { readonly reason: string }

/** Of a document with everything that is added to it: copies could double it with every operation. */
const MAX_SIZE = 2_000_000

/**
 * A new document with all operations applied, or none. `invariant` gives the reason why a document is not acceptable: it
 * may be broken in between but not at the end, and is then the fault of the operation that broke it last.
 */
export function applyPatch(
  document: unknown,
  operations: unknown,
  invariant: (document: unknown) => string | undefined = () => undefined,
): PatchResult {
  const parsed = parseOperations(operations)
  if ('reason' in parsed) return { kind: 'rejected', ...parsed }
  let current: unknown = structuredClone(document)
  let size = sizeOf(current)
  let broken: PatchProblem | undefined
  for (const [index, operation] of parsed.entries()) {
    const outcome = applyOperation(current, operation)
    if ('reason' in outcome) return { kind: 'rejected', index, reason: outcome.reason }
    size += outcome.added
    if (size > MAX_SIZE) return { kind: 'rejected', index, reason: 'the document would be too large' }
    current = outcome.document
    const reason = invariant(current)
    broken = reason === undefined ? undefined : { index: broken?.index ?? index, reason }
  }
  return broken === undefined ? { kind: 'patched', document: current } : { kind: 'rejected', ...broken }
}

function applyOperation(document: unknown, operation: PatchOperation): Outcome {
  if (operation.op !== 'move' && operation.op !== 'copy') return applySimple(document, operation)
  const { from, path } = operation
  const value = valueAt(document, from)
  if (value === undefined) return { reason: `nothing is at ${shown(from)}` }
  if (operation.op === 'copy') return applySimple(document, { op: 'add', path, value })
  if (isPrefix(from, path)) {
    return from.length === path.length ? { document, added: 0 } : { reason: `${shown(from)} cannot move into itself` }
  }
  const removed = applySimple(document, { op: 'remove', path: from })
  if ('reason' in removed) return removed
  const moved = applySimple(removed.document, { op: 'add', path, value })
  return 'reason' in moved ? moved : { ...moved, added: 0 }
}

function applySimple(document: unknown, operation: Simple): Outcome {
  const reason = problemOf(document, operation)
  if (reason !== undefined) return { reason }
  const value = 'value' in operation ? structuredClone(operation.value) : undefined
  try {
    const patched = jsonpatch.applyOperation(
      document,
      { op: operation.op, path: pointerOf(operation.path), value } as Parameters<typeof jsonpatch.applyOperation>[1],
      true,
    )
    return { document: patched.newDocument, added: sizeOf(value) }
  } catch (error) {
    if (!(error instanceof jsonpatch.JsonPatchError)) throw error
    return {
      reason:
        operation.op === 'test'
          ? `another value is at ${shown(operation.path)}`
          : `${operation.op} is not possible at ${shown(operation.path)}`,
    }
  }
}

function problemOf(document: unknown, { op, path }: Simple): string | undefined {
  if (op === 'remove' && path.length === 0) return 'the whole document cannot be removed'
  if (op !== 'add') return valueAt(document, path) === undefined ? `nothing is at ${shown(path)}` : undefined
  if (path.length === 0) return undefined
  const above = path.slice(0, -1)
  const parent = valueAt(document, above)
  if (parent === undefined) return `nothing is at ${shown(above)}, add that first`
  if (typeof parent !== 'object' || parent === null) return `${shown(above)} can hold nothing`
  const last = path.at(-1)!
  const fits = !Array.isArray(parent) || last === '-' || arrayIndex(last, parent.length) !== undefined
  return fits ? undefined : `${last} is not an index from 0 to ${parent.length}, nor "-", in ${shown(above)}`
}

const isPrefix = (short: Steps, long: Steps) => short.every((step, index) => step === long[index])

const shown = (steps: Steps) => (steps.length === 0 ? 'the root' : pointerOf(steps))
