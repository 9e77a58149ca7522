/** Every outpost's cookies begin like this, so that none of them ever reaches an application. */
export const COOKIE_PREFIX = 'authentik_proxy_'

/** The cookies of a `Cookie` header whose name begins with `prefix`, in their order; a name may come twice. */
export function readCookies(header: string | undefined, prefix: string): ReadonlyArray<readonly [string, string]> {
  if (header?.includes(prefix) !== true) return []
  const found: Array<readonly [string, string]> = []
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    const name = at < 0 ? '' : pair.slice(0, at).trim()
    if (name.startsWith(prefix)) found.push([name, pair.slice(at + 1).trim()])
  }
  return found
}

/** The header without the cookies of outposts; undefined when nothing is left. */
export function withoutOwnCookies(header: string): string | undefined {
  if (!header.includes(COOKIE_PREFIX)) return header
  const left = header.split(';').filter((pair) => !pair.trim().startsWith(COOKIE_PREFIX))
  return left.length === 0 ? undefined : left.join(';').trim()
}

export interface CookieScope {
  readonly path: string
  readonly isSecure: boolean
}

/** A `Set-Cookie` value; `maxAgeSeconds` 0 removes the cookie. */
export function setCookie(name: string, value: string, maxAgeSeconds: number, { path, isSecure }: CookieScope): string {
  return `${name}=${value}; Path=${path}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
}
