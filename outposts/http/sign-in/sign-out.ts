import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Application } from '../application.ts'
import { OUTPOST_PATH } from '../codec/outpost-path.ts'
import { redirect, sendPage } from '../server/reply.ts'

/** `sign_out`: a link only asks, a form of this very page signs out, here and at the core. */
export function signOut(application: Application, req: IncomingMessage, res: ServerResponse): void {
  const { settings, sessions } = application
  if (req.method !== 'POST')
    return sendPage(res, 200, {
      title: 'Sign out?',
      text: 'You are signed out of every application of this sign-in.',
      form: { action: `${settings.basePath}${OUTPOST_PATH}/sign_out`, label: 'Sign out' },
    })
  const { origin, cookie } = req.headers
  if (origin !== undefined && origin !== settings.external.origin)
    return sendPage(res, 403, { title: 'Not signed out', text: 'The request came from another site.' })
  const visitor = application.visitor(cookie)
  const removals = sessions.removals(cookie)
  const to = new URL(settings.endpoints.endSession)
  if (visitor !== undefined) {
    sessions.end(visitor)
    to.searchParams.set('id_token_hint', visitor.token)
  }
  redirect(res, to.href, removals, 303)
}
