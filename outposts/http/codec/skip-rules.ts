import { canonicalPath } from './canonical-path.ts'

/** Paths that need no session, by the start of their canonical path. */
export type SkipRules = readonly RegExp[]

/**
 * One expression for each line that is not blank, held to the start of the path. A line that is not an expression
 * is a problem of the whole text, for it says nothing sure about what is public.
 */
export function parseSkipRules(text: string): SkipRules | { readonly problem: string } {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  try {
    return lines.map((line) => new RegExp(`^(?:${line})`, 'u'))
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'not an expression' }
  }
}

/** Whether the target of a request is public; its query never counts. */
export function isSkipped(rules: SkipRules, target: string): boolean {
  if (rules.length === 0) return false
  const path = canonicalPath(target)
  return path !== undefined && rules.some((rule) => rule.test(path))
}
