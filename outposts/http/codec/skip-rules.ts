import { canonicalPath } from './canonical-path.ts'

/** Paths that need no session, by their canonical form. */
export type SkipRules = readonly RegExp[]

/**
 * One expression for each line that is not blank, which has to match the path from its start to its end: a subtree is
 * `/public(/.*)?`. A line that is not an expression is a problem of the whole text, for it says nothing sure about
 * what is public.
 *
 * compat: on purpose not as in authentik, which looks for a match anywhere, so that `/public` also opens `/publicity`
 * and `/admin/public` (PX-08).
 */
export function parseSkipRules(text: string): SkipRules | { readonly problem: string } {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  try {
    // By itself first: what only together with the anchors is an expression escapes them.
    return lines.map((line) => new RegExp(`^(?:${new RegExp(line, 'u').source})$`, 'u'))
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
