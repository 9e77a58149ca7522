import type { Request, Response } from 'express'
import type { CoreContext } from '#core/context.ts'
import { sessionOf } from '#core/http/session.ts'
import { loadPrincipal } from '#core/store/users.ts'
import { authorizeUser, grantScopes } from './authorize-user.ts'
import { escapeHtml, sendPage } from './error-page.ts'
import { innerRequest } from './inner-request.ts'
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
    return sendPage(res, 400, 'Request expired', '<p>This sign-in is over. Start again from the application.</p>')

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
      const grantId = await grantScopes(ctx, settings, req, { provider, principal, scopes })
      return provider.interactionFinished(inner, res, { consent: { grantId } }, { mergeWithLastSubmission: false })
    }
    default:
      return authorization satisfies never
  }
}

function deny(application: string, res: Response, messages: readonly string[], decision: string | undefined): void {
  const lines = [
    `You may not open ${escapeHtml(application)}.`,
    ...messages.map(escapeHtml),
    ...(decision === undefined ? [] : [`Decision <code>${escapeHtml(decision)}</code>`]),
    '<a href="/">Back to your applications</a>',
  ]
  sendPage(res, 403, 'Permission denied', lines.map((line) => `<p>${line}</p>`).join('\n'))
}
