import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '#schema/kernel/logger.ts'
import { plainAddress } from '#schema/kernel/networks.ts'
import type { Application } from '../application.ts'
import type { Header } from '../codec/identity-headers.ts'
import type { UpstreamHeaderOptions } from '../codec/upstream-headers.ts'
import { newReference, redirect, refuseToken, sendPage, sendUnavailable } from '../server/reply.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { admit } from './admission.ts'
import { isNavigation, startOf } from './forward-auth.ts'

/** The headers for the application: who is there, and where the request came from as far as we know it ourselves. */
export function outgoing(
  application: Application,
  req: IncomingMessage,
  headers: readonly Header[],
  isTrusted: boolean,
): UpstreamHeaderOptions {
  const { external, interceptsAuthorization } = application.settings
  const before = isTrusted ? req.headers['x-forwarded-for'] : undefined
  const peer = plainAddress(req.socket.remoteAddress ?? '')
  const own: Header[] = [
    ['X-Forwarded-For', before === undefined ? peer : `${before}, ${peer}`],
    ['X-Forwarded-Host', req.headers.host ?? ''],
    ['X-Forwarded-Proto', external.protocol.slice(0, -1)],
    ...headers,
  ]
  return { own, keepsAuthorization: !interceptsAuthorization, keepsForwarded: false }
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
  const admission = await admit(application, req, req.url ?? '')
  if (admission.kind === 'away') return sendUnavailable(res)
  if (admission.kind === 'bad-token') return refuseToken(res, application.sessions.removals(req.headers.cookie))
  if (admission.kind === 'stranger') return askToSignIn(application, req, res)
  try {
    await upstream.pass(req, res, outgoing(application, req, admission.headers, isTrusted))
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
