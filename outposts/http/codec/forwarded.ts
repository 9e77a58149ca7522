import { canonicalHost } from './canonical-host.ts'
import { isOriginForm } from './canonical-path.ts'

/** What a proxy in front asks about: a request that never reaches the outpost itself. */
export interface ForwardedRequest {
  readonly host: string
  /** Path and query, as the visitor sent them. */
  readonly target: string
}

type HeaderReader = (name: string) => string | undefined

/** `X-Forwarded-Proto`, `-Host` and `-Uri` (Traefik, Caddy). */
export function fromForwardedHeaders(header: HeaderReader): ForwardedRequest | undefined {
  const scheme = header('x-forwarded-proto')
  if (scheme !== 'http' && scheme !== 'https') return undefined
  return unlessContradicted(requestAt(header('x-forwarded-host'), header('x-forwarded-uri')), header)
}

/** `X-Original-URL` (nginx). */
export function fromOriginalUrl(header: HeaderReader): ForwardedRequest | undefined {
  return unlessContradicted(fromUrl(header('x-original-url') ?? ''), header)
}

/** The request's own host, and what follows the endpoint in its path (Envoy). */
export function fromOwnPath(header: HeaderReader, url: string, endpoint: string): ForwardedRequest | undefined {
  const target = url.slice(endpoint.length)
  return unlessContradicted(requestAt(header('host'), target.startsWith('/') ? target : `/${target}`), header)
}

/** The request, unless a header that another proxy would ask with says something else (PX-03). */
function unlessContradicted(request: ForwardedRequest | undefined, header: HeaderReader): ForwardedRequest | undefined {
  if (request === undefined) return undefined
  const url = header('x-original-url')
  const host = header('x-forwarded-host')
  const targets = [header('x-forwarded-uri'), header('x-original-uri')]
  const agrees =
    (url === undefined || isSame(fromUrl(url), request)) &&
    (host === undefined || canonicalHost(host) === request.host) &&
    targets.every((target) => target === undefined || target === request.target)
  return agrees ? request : undefined
}

function fromUrl(text: string): ForwardedRequest | undefined {
  const match = /^https?:\/\/([^/?#@\\\s]+)(\/[^#]*)?$/i.exec(text)
  return match === null ? undefined : requestAt(match[1], match[2] ?? '/')
}

function requestAt(hostText: string | undefined, target: string | undefined): ForwardedRequest | undefined {
  const host = canonicalHost(hostText ?? '')
  return host === undefined || target === undefined || !isOriginForm(target) ? undefined : { host, target }
}

function isSame(a: ForwardedRequest | undefined, b: ForwardedRequest | undefined): boolean {
  return a?.host === b?.host && a?.target === b?.target
}
