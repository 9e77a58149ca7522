import { canonicalHost } from './canonical-host.ts'
import { isOriginForm } from './canonical-path.ts'

/** What a proxy in front asks about: a request that never reaches the outpost itself. */
export interface ForwardedRequest {
  readonly host: string
  /** Path and query, as the visitor sent them. */
  readonly target: string
}

/** Why it is not clear what is asked about. */
export type UnclearReason =
  | 'missing-header'
  | 'malformed-scheme'
  | 'malformed-url'
  | 'malformed-host'
  | 'malformed-target'
  | 'contradicting-headers'
export interface Unclear {
  readonly unclear: UnclearReason
}

type HeaderReader = (name: string) => string | undefined

/** `X-Forwarded-Proto`, `-Host` and `-Uri` (Traefik, Caddy). */
export function fromForwardedHeaders(header: HeaderReader): ForwardedRequest | Unclear {
  const scheme = header('x-forwarded-proto')
  if (scheme === undefined) return { unclear: 'missing-header' }
  if (scheme !== 'http' && scheme !== 'https') return { unclear: 'malformed-scheme' }
  return unlessContradicted(requestAt(header('x-forwarded-host'), header('x-forwarded-uri')), header)
}

/** `X-Original-URL` (nginx). */
export function fromOriginalUrl(header: HeaderReader): ForwardedRequest | Unclear {
  const url = header('x-original-url')
  return url === undefined ? { unclear: 'missing-header' } : unlessContradicted(fromUrl(url), header)
}

/** The request's own host, and what follows the endpoint in its path (Envoy). */
export function fromOwnPath(header: HeaderReader, url: string, endpoint: string): ForwardedRequest | Unclear {
  const target = url.slice(endpoint.length)
  return unlessContradicted(requestAt(header('host'), target.startsWith('/') ? target : `/${target}`), header)
}

/** The request, unless a header that another proxy would ask with says something else (PX-03). */
function unlessContradicted(request: ForwardedRequest | Unclear, header: HeaderReader): ForwardedRequest | Unclear {
  if ('unclear' in request) return request
  const url = header('x-original-url')
  const host = header('x-forwarded-host')
  const targets = [header('x-forwarded-uri'), header('x-original-uri')]
  const agrees =
    (url === undefined || isSame(fromUrl(url), request)) &&
    (host === undefined || canonicalHost(host) === request.host) &&
    targets.every((target) => target === undefined || target === request.target)
  return agrees ? request : { unclear: 'contradicting-headers' }
}

function fromUrl(text: string): ForwardedRequest | Unclear {
  const match = /^https?:\/\/([^/?#@\\\s]+)(\/[^#]*)?$/i.exec(text)
  return match === null ? { unclear: 'malformed-url' } : requestAt(match[1], match[2] ?? '/')
}

function requestAt(hostText: string | undefined, target: string | undefined): ForwardedRequest | Unclear {
  if (hostText === undefined || target === undefined) return { unclear: 'missing-header' }
  const host = canonicalHost(hostText)
  if (host === undefined) return { unclear: 'malformed-host' }
  return isOriginForm(target) ? { host, target } : { unclear: 'malformed-target' }
}

function isSame(a: ForwardedRequest | Unclear, b: ForwardedRequest): boolean {
  return 'host' in a && a.host === b.host && a.target === b.target
}
