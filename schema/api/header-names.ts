/** Headers that tell an application behind a proxy outpost who is there (sheet proxy-outpost §5). */
export const IDENTITY_HEADERS = [
  'X-authentik-username',
  'X-authentik-groups',
  'X-authentik-entitlements',
  'X-authentik-email',
  'X-authentik-name',
  'X-authentik-uid',
  'X-authentik-jwt',
  'X-authentik-meta-jwks',
  'X-authentik-meta-outpost',
  'X-authentik-meta-provider',
  'X-authentik-meta-app',
  'X-authentik-meta-version',
] as const
export type IdentityHeader = (typeof IDENTITY_HEADERS)[number]

/** What an application makes of a header name once dashes, underscores, dots and case are gone (PX-05). */
export function foldName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** Whether an application could take this header for one that tells who is there. */
export function isIdentityName(name: string): boolean {
  return foldName(name).startsWith('xauthentik')
}

/**
 * A regular expression, for RE2, that every spelling of an identity header and of these names matches: each sign of a name
 * may be another one, or left out.
 */
export function spellingsPattern(names: readonly string[]): string {
  const others = names.map((name) => `^${name.toLowerCase().replace(/[^a-z0-9]/g, '[^a-z0-9]?')}$`)
  return `(?i)${['^x[^a-z0-9]?authentik', ...others].join('|')}`
}

const MAX_NAMES = 32
/** RFC 9110 §5.6.2, and something that is left when the name is folded. */
const NAME = /^(?=.*[A-Za-z0-9])[!#$%&'*+.^`|~\w-]{1,128}$/
/** Folded names that mean something on the way to the application, or back in the answer to a reverse proxy (PX-36). */
const RESERVED = new RegExp(
  `^(?:${[
    'host|connection|keepalive|te|trailer|upgrade|expect|transferencoding|http2settings|proxy.*',
    'content(?:length|type|encoding|range|disposition|location|securitypolicy.*)',
    'authorization|wwwauthenticate|cookie2?|setcookie2?|sec(?:websocket|fetch|ch|gpc|purpose).*',
    'forwarded|xforwarded.*|xrealip|xoriginal.*|xaccel.*|via|location|status|date|cachecontrol',
  ].join('|')})$`,
)

/** Why these names cannot be headers that an administrator fills from users' attributes; undefined if they can. */
export function additionalHeadersProblem(names: readonly string[]): string | undefined {
  if (names.length > MAX_NAMES) return `Ensure this field has no more than ${MAX_NAMES} elements.`
  const folds = new Set<string>()
  for (const name of names) {
    const fold = foldName(name)
    if (!NAME.test(name)) return `"${name}" is not the name of a header.`
    if (isIdentityName(name) || RESERVED.test(fold)) return `"${name}" has a meaning of its own.`
    if (folds.has(fold)) return `"${name}" is another spelling of a header that is named before.`
    folds.add(fold)
  }
  return undefined
}
