import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

export interface SourceFile {
  /** Relative to the project's root. */
  readonly path: string
  readonly text: string
}

/** Every TypeScript file of the product; tests beside the source only when asked for. */
export function sourceFiles({ withTests = false } = {}): readonly SourceFile[] {
  return globSync('{schema,core,outposts,controllers}/**/*.ts', { cwd: ROOT })
    .filter((path) => withTests || !path.endsWith('.test.ts'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g

/** What a file imports, as written. */
export function importsOf(text: string): readonly string[] {
  return [...text.matchAll(SPECIFIER)].map((match) => match[1]!)
}
