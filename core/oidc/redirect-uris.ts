/** Schemes that run or show what is in the URL instead of going somewhere (OA-03). */
const FORBIDDEN_SCHEMES = new Set([
  'javascript:',
  'data:',
  'vbscript:',
  'blob:',
  'file:',
  'about:',
  'filesystem:',
  'view-source:',
])

/**
 * The lines of a provider's setting that can be redirected to: absolute, without a fragment, of a harmless scheme.
 * They are compared as they are written, character by character; nothing is a pattern and nothing is learnt.
 */
export function redirectUris(setting: string): readonly string[] {
  const lines = setting.split(/\r?\n/).map((line) => line.trim())
  return [...new Set(lines)].filter((line) => redirectUriProblem(line) === undefined)
}

/** Why a line cannot be a redirect URI; undefined if it can. */
export function redirectUriProblem(line: string): string | undefined {
  const url = URL.parse(line)
  if (url === null) return 'not an absolute URL'
  if (FORBIDDEN_SCHEMES.has(url.protocol)) return 'the scheme is not allowed'
  if (line.includes('#')) return 'a fragment is not allowed'
  if (url.username !== '' || url.password !== '') return 'a user name is not allowed'
  if (/[\s\\\p{Cc}]/u.test(line)) return 'blanks, backslashes and control characters are not allowed'
  return undefined
}

/** Origins of the web addresses among the URIs: where a browser application may call from, and go back to. */
export function webOrigins(uris: readonly string[]): ReadonlySet<string> {
  return new Set(
    uris
      .map((uri) => new URL(uri))
      .filter(isWeb)
      .map((url) => url.origin),
  )
}

/** Whether a URL may follow a logout: a web address on an origin that the application is registered with (OA-05). */
export function isPostLogoutRedirect(text: string, uris: readonly string[]): boolean {
  const url = redirectUriProblem(text) === undefined ? new URL(text) : undefined
  return url !== undefined && isWeb(url) && webOrigins(uris).has(url.origin)
}

const isWeb = (url: URL): boolean => url.protocol === 'https:' || url.protocol === 'http:'
