import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiDocument } from '#core/api/router.ts'

export const summary = 'write the OpenAPI document of the API: to the output, or with --write into schema/openapi/'

/** Where the checked-in document lies; a test compares it with what the declarations give. */
export const DOCUMENT = join(import.meta.dirname, '..', '..', 'schema', 'openapi', 'martello.json')

export async function run(args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg !== '--write')) {
    console.error('usage: martello openapi [--write]')
    return 2
  }
  if (args.includes('--write')) writeFileSync(DOCUMENT, documentText())
  else process.stdout.write(documentText())
  return 0
}

export const documentText = (): string => `${JSON.stringify(apiDocument(), undefined, 1)}\n`
