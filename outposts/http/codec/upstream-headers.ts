import { foldName, isIdentityName } from '#schema/api/header-names.ts'
import { withoutOwnCookies } from './cookies.ts'
import type { Header } from './identity-headers.ts'

/** Headers of one hop (RFC 9110 §7.6.1), and those that the outpost writes itself. */
const HOP = new Set(
  'connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade expect http2-settings'.split(
    ' ',
  ),
)
const FORWARDED = /^(?:x-forwarded-[\w-]+|x-real-ip|forwarded|x-original-[\w-]+)$/

export interface UpstreamHeaderOptions {
  /** Set last: nothing that an application could take for one of these comes from the visitor. */
  readonly own: readonly Header[]
  readonly keepsAuthorization: boolean
  /** Whether the peer's word on where the request came from is passed on. */
  readonly keepsForwarded: boolean
}

/** The headers of a request for the application, from the raw ones (name, value, name, value, …). */
export function upstreamHeaders(raw: readonly string[], options: UpstreamHeaderOptions): string[] {
  const { own, keepsAuthorization, keepsForwarded } = options
  const ownFolds = new Set(own.map(([name]) => foldName(name)))
  const listed = connectionOptions(raw)
  const headers: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    if (HOP.has(name) || listed.has(name) || isIdentityName(name) || ownFolds.has(foldName(name))) continue
    if (name === 'authorization' && !keepsAuthorization) continue
    if (FORWARDED.test(name) && !keepsForwarded) continue
    const value = name === 'cookie' ? withoutOwnCookies(raw[i + 1]!) : raw[i + 1]!
    if (value !== undefined) headers.push(raw[i]!, value)
  }
  for (const [name, value] of own) headers.push(name, value)
  return headers
}

/** Names in `Connection`, which end at this hop; never those that say where a message ends or whom it is for. */
function connectionOptions(raw: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (let i = 0; i + 1 < raw.length; i += 2)
    if (raw[i]!.toLowerCase() === 'connection')
      for (const name of raw[i + 1]!.split(',')) names.add(name.trim().toLowerCase())
  for (const kept of ['host', 'content-length', 'cookie', 'authorization']) names.delete(kept)
  return names
}

/** The headers of an answer for the visitor. */
export function downstreamHeaders(raw: readonly string[]): string[] {
  const listed = connectionOptions(raw)
  const headers: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    if (HOP.has(name) || listed.has(name) || (name === 'set-cookie' && setsOwnCookie(raw[i + 1]!))) continue
    headers.push(raw[i]!, raw[i + 1]!)
  }
  return headers
}

const setsOwnCookie = (value: string) => value.trimStart().startsWith('authentik_proxy_')
