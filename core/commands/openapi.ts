import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One line for `martello --help`. */
export const summary = 'write the OpenAPI document of the API: to the output, or with --write into schema/openapi/'

const HELP = `usage: martello openapi [--write]

Exit codes: 0 the document is written, 2 wrong use.`

/** Where the checked-in document lies; a test compares it with what the declarations give. */
export const DOCUMENT = join(import.meta.dirname, '..', '..', 'schema', 'openapi', 'martello.json')

/** Writes the document; returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const strange = args.find((arg) => arg !== '--write' && arg !== '--help')
  if (strange !== undefined) {
    console.error(HELP)
    return 2
  }
  if (args.includes('--help')) console.log(HELP)
  else if (args.includes('--write')) writeFileSync(DOCUMENT, await documentText())
  else process.stdout.write(await documentText())
  return 0
}

/** The document as it is checked in. The API is loaded for it, and not to tell how the command is used. */
export async function documentText(): Promise<string> {
  const { apiDocument } = await import('#core/api/router.ts')
  return `${JSON.stringify(apiDocument(), undefined, 1)}\n`
}
