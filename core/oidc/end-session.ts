import { eq } from 'drizzle-orm'
import type { Request, Response } from 'express'
import type { CoreContext } from '#core/context.ts'
import { showsCsrfToken } from '#core/http/csrf.ts'
import { type SessionHandle, sessionOf } from '#core/http/session.ts'
import { endSession as endCoreSession } from '#core/sessions/end-access.ts'
import { users } from '#core/store/tables/users.ts'
import { html } from '#core/web/html.ts'
import { ACCESS_TOKEN_TYPE } from './access-token.ts'
import { sendNotice } from './pages.ts'
import type { RunningProvider } from './providers.ts'
import { isPostLogoutRedirect } from './redirect-uris.ts'

/**
 * RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0). The core session ends when an id token of this very
 * session is shown, or when the user confirms it with a POST; never by a link alone.
 */
export async function endSession(
  ctx: CoreContext,
  running: RunningProvider,
  req: Request,
  res: Response,
  params: URLSearchParams,
): Promise<void> {
  const session = sessionOf(req)
  if (session.user !== undefined) {
    const isConfirmed = req.method === 'POST' && showsCsrfToken(req, session.csrfToken, params.get('csrf'))
    if (!isConfirmed && (await hintedSession(running, params.get('id_token_hint'))) !== session.keyHash)
      return askFirst(running, res, params, session.csrfToken)
    await signOut(ctx, session, session.user)
  }
  leave(running, res, params)
}

async function signOut(ctx: CoreContext, session: SessionHandle, userId: number): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const [user] = await tx.select().from(users).where(eq(users.id, userId))
    if (user !== undefined) await endCoreSession(ctx, tx, { keyHash: session.keyHash, user }, 'logout')
  })
  await session.end()
}

/** The session that an id token of this provider was issued in; an access token does not count. */
async function hintedSession({ provider, settings }: RunningProvider, hint: string | null): Promise<unknown> {
  const client = await provider.Client.find(settings.clientId)
  if (hint === null || client === undefined) return undefined
  try {
    const { header, payload } = await provider.IdToken.validate(hint, client)
    return header['typ'] === ACCESS_TOKEN_TYPE ? undefined : payload['sid']
  } catch {
    return undefined
  }
}

const KEPT = ['post_logout_redirect_uri', 'state']

function askFirst({ settings }: RunningProvider, res: Response, params: URLSearchParams, csrf: string): void {
  const kept = KEPT.flatMap((name) => params.getAll(name).map((value) => ({ name, value })))
  const inputs = [...kept, { name: 'csrf', value: csrf }].map(
    ({ name, value }) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  sendNotice(
    res,
    200,
    'Sign out?',
    `${settings.application.name} asks to sign you out of everything you are signed in to here.`,
    html`<form method="post">${inputs}<button type="submit">Sign out</button></form>`,
    html`<a href="/">Stay signed in</a>`,
  )
}

/** Back to the application if it named one of its own addresses, else to a page that says it is done. */
function leave({ settings }: RunningProvider, res: Response, params: URLSearchParams): void {
  const target = params.get('post_logout_redirect_uri') ?? ''
  if (!isPostLogoutRedirect(target, settings.redirectUris))
    return sendNotice(res, 200, 'Signed out', 'You are signed out.', html`<a href="/">Sign in again</a>`)
  const url = new URL(target)
  if (params.has('state')) url.searchParams.set('state', params.get('state')!)
  res.redirect(303, url.href)
}
