import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Application } from '../application.ts'
import { canonicalHost } from '../codec/canonical-host.ts'
import {
  type ForwardedRequest,
  fromForwardedHeaders,
  fromOriginalUrl,
  fromOwnPath,
  type Unclear,
  type UnclearReason,
} from '../codec/forwarded.ts'
import type { Header } from '../codec/identity-headers.ts'
import { isOutpostPath, OUTPOST_PATH } from '../codec/outpost-path.ts'
import { redirect, refuse, refuseToken, sendUnavailable } from '../server/reply.ts'
import { admit } from './admission.ts'

type HeaderReader = (name: string) => string | undefined

/** How one kind of reverse proxy asks, and what it can do with the answer. */
interface Dialect {
  readonly path: string
  /** The path goes on with the original one. */
  readonly isPrefix: boolean
  request(req: IncomingMessage, header: HeaderReader): ForwardedRequest | Unclear
  /** Whether it passes a redirect on to the browser; nginx knows 2xx, 401 and 403 only. */
  readonly canRedirect: boolean
}

/** Sheet proxy-outpost §11. */
export const DIALECTS: readonly Dialect[] = [
  {
    path: `${OUTPOST_PATH}/auth/nginx`,
    isPrefix: false,
    request: (_, header) => fromOriginalUrl(header),
    canRedirect: false,
  },
  {
    path: `${OUTPOST_PATH}/auth/caddy`,
    isPrefix: false,
    request: (_, header) => fromForwardedHeaders(header),
    canRedirect: true,
  },
  {
    path: `${OUTPOST_PATH}/auth/traefik`,
    isPrefix: false,
    request: (_, header) => fromForwardedHeaders(header),
    canRedirect: true,
  },
  {
    path: `${OUTPOST_PATH}/auth/envoy`,
    isPrefix: true,
    request: (req, header) => fromOwnPath(header, req.url ?? '', `${OUTPOST_PATH}/auth/envoy`),
    canRedirect: true,
  },
]

/** The dialect that a path belongs to. */
export function dialectOf(path: string): Dialect | undefined {
  return DIALECTS.find((dialect) => path === dialect.path || (dialect.isPrefix && path.startsWith(`${dialect.path}/`)))
}

/** A question that was not answered because of how it was asked. */
export interface Misunderstanding {
  readonly reason: UnclearReason | 'untrusted-peer' | 'unknown-host'
  readonly endpoint: string
  /** That the question is about, as far as that is clear. */
  readonly host: string | undefined
}

export interface ForwardAuthOptions {
  readonly find: (host: string) => Application | undefined
  /** Whether the peer may speak for others. */
  readonly isTrusted: boolean
  /** The question could not be understood, or names nobody's application. */
  readonly misconfigured: (misunderstanding: Misunderstanding) => void
}

/** Answers a reverse proxy that asks whether a request may pass. Whatever is not clearly allowed is not. */
export async function forwardAuth(
  dialect: Dialect,
  req: IncomingMessage,
  res: ServerResponse,
  options: ForwardAuthOptions,
): Promise<void> {
  const header: HeaderReader = (name) => single(req, name)
  const refuseAs = (reason: Misunderstanding['reason'], host?: string) => {
    options.misconfigured({ reason, endpoint: dialect.path, host })
    refuse(res)
  }
  if (!options.isTrusted) return refuseAs('untrusted-peer')
  const asked = dialect.request(req, header)
  if ('unclear' in asked) return refuseAs(asked.unclear)
  const application = options.find(asked.host)
  if (application === undefined) return refuseAs('unknown-host', asked.host)
  const admission = await admit(application, req, asked.target)
  if (admission.kind === 'passes')
    return allow(res, [...admission.headers, ...keptAuthorization(application, admission.headers, header)])
  if (admission.kind === 'away') return sendUnavailable(res)
  const cookies = application.sessions.removals(req.headers.cookie)
  if (admission.kind === 'bad-token') return refuseToken(res, cookies)
  if (!dialect.canRedirect || !isNavigation(req)) return refuse(res, cookies)
  const wanted = isOutpostPath(asked.target) ? '/' : asked.target
  redirect(res, startOf(application, wanted), cookies)
}

/** The client's Authorization, where neither we read it nor another takes its place: an edge passes on what is answered. */
function keptAuthorization({ settings }: Application, headers: readonly Header[], header: HeaderReader): Header[] {
  const value = (settings.interceptsAuthorization ? undefined : header('authorization')) ?? ''
  const isTaken = headers.some(([name]) => name === 'Authorization')
  return value === '' || isTaken ? [] : [['Authorization', value]]
}

/** Where the browser signs in, to come back to this path of the external host. */
export function startOf({ settings }: Application, target: string): string {
  const { origin } = settings.external
  return `${origin}${settings.basePath}${OUTPOST_PATH}/start?rd=${encodeURIComponent(`${origin}${target}`)}`
}

/** Whether a redirect would reach a person: scripts are better told that they are not signed in. */
export function isNavigation(req: IncomingMessage): boolean {
  const method = req.headers['x-forwarded-method'] ?? req.method
  if (method !== 'GET' && method !== 'HEAD') return false
  const mode = req.headers['sec-fetch-mode']
  return (mode === undefined || mode === 'navigate') && req.headers['x-requested-with'] !== 'XMLHttpRequest'
}

/** A header that was sent once. Twice says nothing sure: then it is empty, which none of those that count here may be. */
function single(req: IncomingMessage, name: string): string | undefined {
  const values = req.headersDistinct[name]
  return values === undefined || values.length === 1 ? values?.[0] : ''
}

function allow(res: ServerResponse, headers: readonly Header[]): void {
  res.writeHead(200, [...headers.flat(), 'content-length', '0', 'cache-control', 'no-store']).end()
}

/** The host that a request is for; undefined if that is not clear (PX-11). */
export function hostOf(req: IncomingMessage): string | undefined {
  const host = single(req, 'host')
  return host === undefined ? undefined : canonicalHost(host)
}
