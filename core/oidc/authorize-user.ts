import type { Request } from 'express'
import type { Provider } from 'oidc-provider'
import { mayOpenApplication, recordDenial } from '#core/access/gate.ts'
import type { CoreContext } from '#core/context.ts'
import { startAuthorizationFlow } from '#core/flows/authorization.ts'
import { clientIpOf } from '#core/http/client-ip.ts'
import type { Principal } from '#core/store/users.ts'
import type { ApplicationSettings } from './application-settings.ts'

export type Authorization =
  | { readonly kind: 'granted' }
  /** The authorization flow has something to ask; the browser comes back to `next` afterwards. */
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'denied'; readonly messages: readonly string[]; readonly decision?: string }

/** One user's wish to open one application: first the access gate, then the provider's authorization flow. */
export async function authorizeUser(
  ctx: CoreContext,
  { application, authorizationFlow }: ApplicationSettings,
  req: Request,
  { principal, next }: { readonly principal: Principal; readonly next: string },
): Promise<Authorization> {
  const question = { principal, application, clientIp: clientIpOf(req) }
  const decision = await mayOpenApplication(ctx, question)
  if (!decision.passing) {
    await recordDenial(ctx, question, decision)
    return { kind: 'denied', messages: decision.messages, decision: decision.id }
  }
  const step = await startAuthorizationFlow(ctx, req, { flowUuid: authorizationFlow, application, next })
  switch (step.kind) {
    case 'done':
      return { kind: 'granted' }
    case 'denied':
      return { kind: 'denied', messages: [step.message] }
    case 'redirect':
      return step
    default:
      return step satisfies never
  }
}

/** Stores what the user was authorized for and says so in the audit log (compat: sheet core-api §7.5). Returns the grant's id. */
export async function grantScopes(
  ctx: CoreContext,
  { application, authorizationFlow, clientId }: ApplicationSettings,
  req: Request,
  {
    provider,
    principal,
    scopes,
  }: { readonly provider: Provider; readonly principal: Principal; readonly scopes: readonly string[] },
): Promise<string> {
  const { user } = principal
  const grant = new provider.Grant({ accountId: String(user.id), clientId })
  grant.addOIDCScope(scopes.join(' '))
  const grantId = await grant.save()
  const { pbmUuid, name } = application
  await ctx.events.record({
    action: 'authorize_application',
    app: 'authentik.providers.oauth2',
    user: { pk: user.id, username: user.username, email: user.email },
    clientIp: clientIpOf(req),
    context: {
      authorized_application: {
        app: 'authentik_core',
        model_name: 'application',
        pk: pbmUuid.replaceAll('-', ''),
        name,
      },
      flow: (authorizationFlow ?? '').replaceAll('-', ''),
      scopes: scopes.join(' '),
    },
  })
  return grantId
}
