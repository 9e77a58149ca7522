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
  const forwarded = requestAt(header('x-forwarded-host'), header('x-forwarded-uri'))
  const original = header('x-original-url')
  return original === undefined || isSame(fromUrl(original), forwarded) ? forwarded : undefined
}

/** `X-Original-URL` (nginx); the headers of other proxies may be there too, but may not say something else. */
export function fromOriginalUrl(header: HeaderReader): ForwardedRequest | undefined {
  const request = fromUrl(header('x-original-url') ?? '')
  const host = header('x-forwarded-host')
  if (host !== undefined && canonicalHost(host) !== request?.host) return undefined
  const target = header('x-forwarded-uri')
  return target === undefined || target === request?.target ? request : undefined
}

/** The request's own host, and what follows the endpoint in its path (Envoy). */
export function fromOwnPath(host: string, url: string, endpoint: string): ForwardedRequest | undefined {
  const target = url.slice(endpoint.length)
  return requestAt(host, target.startsWith('/') ? target : `/${target}`)
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
