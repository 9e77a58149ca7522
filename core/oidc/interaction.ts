import type { Request, Response } from 'express'
import type { CoreContext } from '#core/context.ts'
import { sessionOf } from '#core/http/session.ts'
import { loadPrincipal } from '#core/store/users.ts'
import { html } from '#core/web/html.ts'
import { authorizeUser, grantScopes } from './authorize-user.ts'
import { innerRequest } from './inner-request.ts'
import { sendNotice } from './pages.ts'
import { knownScopes } from './provider-configuration.ts'
import type { RunningProvider } from './providers.ts'
import { OIDC_ROOT } from './urls.ts'

/**
 * Between the request of an application and its code. The page is visited once to start the authorization flow, and
 * once more when that is through; then the library goes on with a grant.
 */
export async function interact(ctx: CoreContext, running: RunningProvider, req: Request, res: Response): Promise<void> {
  const { provider, settings, base } = running
  const inner = innerRequest(req, { path: req.url, base })
  const interaction = await provider.interactionDetails(inner, res).catch(() => undefined)
  const { user } = sessionOf(req)
  const isOwn = user !== undefined && interaction?.session?.accountId === String(user)
  const principal = isOwn ? await loadPrincipal(ctx, user) : undefined
  if (interaction === undefined || principal === undefined)
    return sendNotice(res, 400, 'Request expired', 'This sign-in is over. Start again from the application.')

  const next = `${OIDC_ROOT}/interaction/${interaction.uid}/`
  const authorization = await authorizeUser(ctx, settings, req, { principal, next })
  switch (authorization.kind) {
    case 'redirect':
      return res.redirect(303, authorization.to)
    case 'denied':
      return deny(settings.application.name, res, authorization.messages, authorization.decision)
    case 'granted': {
      const known = new Set(knownScopes(settings))
      const scopes = String(interaction.params['scope'])
        .split(' ')
        .filter((scope) => known.has(scope))
      const { decision } = authorization
      const grantId = await grantScopes(ctx, settings, req, { provider, principal, scopes, decision })
      return provider.interactionFinished(inner, res, { consent: { grantId } }, { mergeWithLastSubmission: false })
    }
    default:
      return authorization satisfies never
  }
}

function deny(application: string, res: Response, messages: readonly string[], decision: string | undefined): void {
  const reference = decision === undefined ? [] : [html`Decision <code>${decision}</code>`]
  const back = html`<a href="/">Back to your applications</a>`
  sendNotice(res, 403, 'Permission denied', `You may not open ${application}.`, ...messages, ...reference, back)
}
