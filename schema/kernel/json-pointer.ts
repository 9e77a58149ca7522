/** RFC 6901: each step is `/` and a name with `~` as `~0` and `/` as `~1`; the empty text is the whole document. */
export const JSON_POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/
/** RFC 6901 §4: no sign, no leading zero. */
const ARRAY_INDEX = /^(?:0|[1-9][0-9]{0,8})$/

/** The names that a pointer passes; the pointer must match `JSON_POINTER`. */
export function pointerSteps(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The pointer that passes these names. */
export function pointerOf(steps: readonly string[]): string {
  return steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** The index that a step names in an array, up to `last`. */
export function arrayIndex(step: string, last: number): number | undefined {
  return ARRAY_INDEX.test(step) && Number(step) <= last ? Number(step) : undefined
}

/** What is at the end of the steps, through own members only; undefined where there is nothing. */
export function valueAt(document: unknown, steps: readonly string[]): unknown {
  let value = document
  for (const step of steps) {
    if (Array.isArray(value)) {
      const index = arrayIndex(step, value.length - 1)
      value = index === undefined ? undefined : value[index]
    } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, step)) {
      value = (value as Record<string, unknown>)[step]
    } else return undefined
  }
  return value
}

/**
 * Pointers to what differs between two JSON documents, never the values: the topmost place that only one of them has,
 * else the deepest that both have. Arrays are compared by index.
 */
export function changedPointers(before: unknown, after: unknown): readonly string[] {
  const changed: string[] = []
  const compare = (a: unknown, b: unknown, steps: readonly string[]): void => {
    if (a === b) return
    if (!isBranch(a) || !isBranch(b) || Array.isArray(a) !== Array.isArray(b)) {
      changed.push(pointerOf(steps))
      return
    }
    for (const step of new Set([...Object.keys(a), ...Object.keys(b)]))
      compare(valueAt(a, [step]), valueAt(b, [step]), [...steps, step])
  }
  compare(before, after, [])
  return changed
}

const isBranch = (value: unknown): value is object => typeof value === 'object' && value !== null
