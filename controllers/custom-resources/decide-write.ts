import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** What was written last: what was said, and what the core made of it. A value may be kept in another form. */
export interface Applied {
  readonly said: JsonObject
  readonly kept: JsonObject
}

export interface Write {
  readonly values: JsonObject
  /** Fields that somebody changed in the core, and that stay as they are. */
  readonly drifted: readonly string[]
}

/**
 * What to write: what the custom resource says otherwise than it did. What differs without its doing was changed by
 * somebody, and is told of rather than undone; `overwrites` undoes it.
 */
export function decideWrite(
  wanted: JsonObject,
  applied: Applied,
  live: JsonObject,
  { overwrites }: { readonly overwrites: boolean },
): Write {
  const values: Record<string, unknown> = {}
  const drifted: string[] = []
  for (const [field, value] of Object.entries(wanted)) {
    if (!isSame(value, applied.said[field])) values[field] = value
    else if (!isSame(live[field], applied.kept[field])) {
      if (overwrites) values[field] = value
      else drifted.push(field)
    }
  }
  return { values, drifted }
}

/** What is to be remembered after a write: what has drifted stays to be seen. */
export function appliedAfter(
  wanted: JsonObject,
  before: Applied,
  live: JsonObject,
  drifted: readonly string[],
): Applied {
  const kept = Object.keys(wanted).map((field) => [field, drifted.includes(field) ? before.kept[field] : live[field]])
  return { said: wanted, kept: JSON.parse(JSON.stringify(Object.fromEntries(kept))) }
}

/** Lists of keys have no order. */
function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(normal(one), normal(other))
}

const normal = (value: unknown): unknown =>
  Array.isArray(value) && value.every((each) => typeof each !== 'object') ? value.map(String).sort() : (value ?? null)
