/** How the bindings of a target make one verdict. */
export type EngineMode = 'all' | 'any'

/** What one binding says about one request. */
export interface BindingResult {
  readonly binding: string
  readonly passing: boolean
  readonly messages: readonly string[]
  /** Why, for the person who asks later: `group staff`, `policy "office hours" failed: …`. */
  readonly reason: string
  /** It could not be evaluated; `passing` is what its binding says that this is to mean. */
  readonly failed: boolean
}

/** What all bindings of a target say together. */
export interface PolicyVerdict {
  readonly passing: boolean
  readonly messages: readonly string[]
  readonly reason: string
}

/**
 * The verdict over every enabled binding: `all` needs each to pass, `any` at least one; no binding means no restriction.
 * A mode that is neither denies.
 */
export function combine(mode: string, results: readonly BindingResult[]): PolicyVerdict {
  if (results.length === 0) return { passing: true, messages: [], reason: 'nothing is bound' }
  const passing =
    mode === 'all'
      ? results.every((result) => result.passing)
      : mode === 'any' && results.some((result) => result.passing)
  const telling = results.filter((result) => result.passing === passing)
  return {
    passing,
    messages: results.flatMap((result) => result.messages),
    reason: (telling.length > 0 ? telling : results).map((result) => result.reason).join('; '),
  }
}
