const MAX_CHARACTERS = 2_048
const FORBIDDEN = /[\\\s\p{Cc}]/u

/**
 * Where a sign-in leads back to: path, query and fragment on the external host. Undefined for anything that a
 * browser could take for another place; `text` may be absolute, or a path.
 */
export function redirectTarget(text: string, external: URL): string | undefined {
  if (text === '' || text.length > MAX_CHARACTERS || FORBIDDEN.test(text)) return undefined
  if (/^\/(?!\/)/.test(text)) return sameOrigin(URL.parse(text, external.origin), external)
  return /^https?:\/\/[^/]/i.test(text) ? sameOrigin(URL.parse(text), external) : undefined
}

function sameOrigin(url: URL | null, external: URL): string | undefined {
  if (url === null || url.origin !== external.origin || url.username !== '' || url.password !== '') return undefined
  return url.href.slice(url.origin.length)
}
