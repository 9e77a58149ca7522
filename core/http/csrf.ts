import { createHmac } from 'node:crypto'
import type { Request, Response } from 'express'
import type { CoreContext } from '#core/context.ts'
import { equalText } from '#schema/kernel/equal.ts'

const COOKIE = 'authentik_csrf'
const HEADER = 'x-authentik-csrf'

/** The token of a session: whoever can show it has read a page or cookie of this session. */
export function csrfTokenOf(ctx: CoreContext, sessionKeyHash: string): string {
  return createHmac('sha256', ctx.keys.derive('martello.csrf', 32)).update(sessionKeyHash).digest('base64url')
}

/** Gives the token to scripts of our own origin, which echo it in the header `X-authentik-CSRF`. */
export function setCsrfCookie(ctx: CoreContext, req: Request, res: Response, token: string): void {
  const { cookieDomain } = ctx.config
  res.cookie(COOKIE, token, {
    path: '/',
    secure: req.secure,
    sameSite: req.secure ? 'none' : 'lax',
    ...(cookieDomain === undefined ? {} : { domain: cookieDomain }),
  })
}

/** Whether a form comes from a page of ours, as far as the browser says; a second line behind the token. */
export function isFromOurPage(req: Request): boolean {
  const site = req.get('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin'
  const origin = req.get('origin')
  return origin === undefined || URL.parse(origin)?.hostname === req.hostname
}

/** Whether the request shows the token of the session, in the header or in a form field. */
export function showsCsrfToken(req: Request, expected: string, formField?: unknown): boolean {
  const shown = typeof formField === 'string' ? formField : (req.get(HEADER) ?? '')
  return shown !== '' && equalText(shown, expected)
}
