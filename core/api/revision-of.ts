import { createHash } from 'node:crypto'

const CHARACTERS = 22

/** Changes whenever the content does. Of secrets only what is sealed may be given: it says nothing of what is inside. */
export function revisionOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, CHARACTERS)
}
