import { createHash } from 'node:crypto'

const CHARACTERS = 22

/** Changes whenever stored credentials are written; from sealed text, which says nothing of what is inside. */
export function credentialsRevision(...stored: ReadonlyArray<string | undefined>): string {
  return createHash('sha256').update(JSON.stringify(stored)).digest('base64url').slice(0, CHARACTERS)
}
