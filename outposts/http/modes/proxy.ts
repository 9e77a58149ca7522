import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Application } from '../application.ts'
import { type Header, NOBODY } from '../codec/identity-headers.ts'
import { isSkipped } from '../codec/skip-rules.ts'
import type { UpstreamHeaderOptions } from '../codec/upstream-headers.ts'
import { newReference, redirect, sendPage, sendUnavailable } from '../server/reply.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { isNavigation, startOf } from './forward-auth.ts'

export interface Admission {
  readonly headers: readonly Header[]
  /** The client's Authorization was ours to read, and goes no further. */
  readonly usedAuthorization: boolean
}

/** What the application is told about a request, if it may pass; `away` when the core would have to be asked and is not there. */
export async function admit(application: Application, req: IncomingMessage): Promise<Admission | 'away' | undefined> {
  const { cookie, authorization } = req.headers
  const visitor = application.visitor(cookie)
  if (visitor !== undefined) return { headers: application.headersOf(visitor), usedAuthorization: false }
  const bearer = await application.bearer(authorization).catch(() => 'away' as const)
  if (bearer === 'away') return bearer
  if (bearer !== undefined) return { headers: application.headersOf(bearer), usedAuthorization: true }
  if (isSkipped(application.settings.skips, req.url ?? '')) return { headers: NOBODY, usedAuthorization: false }
  return undefined
}

/** The headers for the application: who is there, and where the request came from as far as we know it ourselves. */
export function outgoing(
  application: Application,
  req: IncomingMessage,
  { headers, usedAuthorization }: Admission,
  isTrusted: boolean,
): UpstreamHeaderOptions {
  const { external, interceptsAuthorization } = application.settings
  const before = isTrusted ? req.headers['x-forwarded-for'] : undefined
  const peer = (req.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
  const own: Header[] = [
    ['X-Forwarded-For', before === undefined ? peer : `${before}, ${peer}`],
    ['X-Forwarded-Host', req.headers.host ?? ''],
    ['X-Forwarded-Proto', external.protocol.slice(0, -1)],
    ...headers,
  ]
  return { own, keepsAuthorization: !usedAuthorization && !interceptsAuthorization, keepsForwarded: false }
}

export interface ProxyOptions {
  readonly upstream: Upstream
  readonly isTrusted: boolean
  readonly log: Logger
}

/** Serves a request as the reverse proxy of its application. */
export async function proxy(
  application: Application,
  req: IncomingMessage,
  res: ServerResponse,
  { upstream, isTrusted, log }: ProxyOptions,
): Promise<void> {
  const admission = await admit(application, req)
  if (admission === 'away') return sendUnavailable(res)
  if (admission === undefined) return askToSignIn(application, req, res)
  try {
    await upstream.pass(req, res, outgoing(application, req, admission, isTrusted))
  } catch (cause) {
    if (res.headersSent || req.destroyed) {
      res.destroy()
      return
    }
    const reference = newReference()
    log.warning('an application does not answer', { provider: application.settings.name, reference, cause })
    sendPage(res, 502, {
      title: 'The application does not answer',
      text: 'It may be starting, or it is not reachable.',
      reference,
    })
  }
}

function askToSignIn(application: Application, req: IncomingMessage, res: ServerResponse): void {
  const cookies = application.sessions.removals(req.headers.cookie)
  if (isNavigation(req)) return redirect(res, startOf(application, req.url ?? '/'), cookies)
  // What a form has sent would be lost on the way: the person has to know.
  const page = {
    title: 'Sign in first',
    text: 'You are not signed in any more, and what you sent was not passed on.',
    link: { href: startOf(application, `${application.settings.basePath}/`), label: 'Sign in' },
  }
  sendPage(res, 401, page, cookies.length === 0 ? {} : { 'set-cookie': cookies })
}
