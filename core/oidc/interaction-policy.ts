import type { KoaContextWithOIDC, interactionPolicy as policies } from 'oidc-provider'
import type { CoreContext } from '#core/context.ts'
import { loadPrincipal } from '#core/store/users.ts'
import type { OidcAccount } from './account.ts'
import type { ApplicationSettings } from './application-settings.ts'
import { authorizeUser, grantScopes } from './authorize-user.ts'
import { outerRequest } from './inner-request.ts'
import { errors, interactionPolicy } from './library.ts'
import { OIDC_ROOT } from './urls.ts'

/**
 * When the library has to ask: for a sign-in by its own rules, and then always for the authorization flow, until that
 * has made the grant of this very request.
 */
export function authorizationPolicy(ctx: CoreContext, settings: ApplicationSettings): policies.Prompt[] {
  const { Check, Prompt } = interactionPolicy
  const policy = interactionPolicy.base()
  const login = policy.get('login')!
  // The library would compare the hint with the account's id, the application knows the user by another name.
  login.checks.remove('id_token_hint')
  login.checks.add(
    new Check('id_token_hint', 'another user is signed in than the id_token_hint names', ({ oidc }) => {
      const hint = oidc.entities.IdTokenHint
      return hint !== undefined && hint.payload.sub !== (oidc.account as OidcAccount | undefined)?.subject
    }),
  )
  policy.remove('consent')
  policy.add(
    new Prompt(
      { name: 'consent', requestable: true },
      new Check('authorization_flow', 'the authorization flow has a question', 'interaction_required', async (koa) => {
        if (koa.oidc.grant?.jti !== undefined) return false
        return !(koa.oidc.prompts.has('none') && (await grantSilently(ctx, settings, koa)))
      }),
    ),
  )
  return policy
}

/** For `prompt=none`: the grant, if the flow has nothing to ask. A refusal is told to the application. */
async function grantSilently(
  ctx: CoreContext,
  settings: ApplicationSettings,
  { oidc, req }: KoaContextWithOIDC,
): Promise<boolean> {
  const { provider, session } = oidc
  const principal = await loadPrincipal(ctx, Number(session?.accountId))
  if (principal === undefined) return false
  const outer = outerRequest(req)
  const authorization = await authorizeUser(ctx, settings, outer, { principal, next: `${OIDC_ROOT}/authorize/` })
  if (authorization.kind === 'denied') throw new errors.AccessDenied()
  if (authorization.kind === 'redirect') return false
  const scopes = [...oidc.requestParamOIDCScopes]
  const { decision } = authorization
  const grantId = await grantScopes(ctx, settings, outer, { provider, principal, scopes, decision })
  oidc.entity('Grant', (await provider.Grant.find(grantId))!)
  session!.ensureClientContainer(settings.clientId)
  session!.grantIdFor(settings.clientId, grantId)
  return true
}
