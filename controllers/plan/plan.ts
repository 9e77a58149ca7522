/** One thing to do so that what runs is what is wanted. */
export type Step<T> =
  | { readonly kind: 'create'; readonly key: string; readonly desired: T }
  | { readonly kind: 'replace'; readonly key: string; readonly desired: T }
  | { readonly kind: 'delete'; readonly key: string }

export interface Keyed {
  readonly key: string
}

/**
 * The steps from what is there to what is wanted, deletions first, so that what they hold is free for what comes.
 * What is the same gives no step: planning again after applying gives none.
 */
export function plan<T extends Keyed>(desired: readonly T[], actual: readonly T[]): readonly Step<T>[] {
  const wanted = new Set(desired.map((each) => each.key))
  const known = new Map(actual.map((each) => [each.key, each]))
  return [
    ...actual.filter((each) => !wanted.has(each.key)).map(({ key }) => ({ kind: 'delete', key }) as const),
    ...desired.flatMap((each): Step<T>[] => {
      const now = known.get(each.key)
      const { key } = each
      if (now === undefined) return [{ kind: 'create', key, desired: each }]
      return canonical(now) === canonical(each) ? [] : [{ kind: 'replace', key, desired: each }]
    }),
  ]
}

/** A text that is the same for values that differ only in the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}
