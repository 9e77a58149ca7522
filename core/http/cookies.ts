import type { Request } from 'express'

/**
 * The value of a cookie, undefined when it is absent or sent more than once with different values
 * (a second cookie of the same name may come from a parent domain that somebody else controls).
 */
export function cookieOf(req: Request, name: string): string | undefined {
  const values = new Set<string>()
  for (const pair of (req.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) values.add(pair.slice(at + 1).trim())
  }
  return values.size === 1 ? values.values().next().value : undefined
}
