import type { Request } from 'express'
import type { Provider } from 'oidc-provider'
import { type Decision, mayOpenApplication } from '#core/access/gate.ts'
import { recordAuthorization, recordDenial } from '#core/access/record-decision.ts'
import type { CoreContext } from '#core/context.ts'
import { startAuthorizationFlow } from '#core/flows/authorization.ts'
import { clientIpOf } from '#core/http/client-ip.ts'
import type { Principal } from '#core/store/users.ts'
import type { ApplicationSettings } from './application-settings.ts'

/** What becomes of a user's wish to open an application. */
export type Authorization =
  | { readonly kind: 'granted'; readonly decision: Decision }
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
      return { kind: 'granted', decision }
    case 'denied':
      return { kind: 'denied', messages: [step.message] }
    case 'redirect':
      return step
    default:
      return step satisfies never
  }
}

/** Stores what the user was authorized for, and by which decision, and says so in the audit log. Returns the grant's id. */
export async function grantScopes(
  ctx: CoreContext,
  { application, authorizationFlow, clientId }: ApplicationSettings,
  req: Request,
  {
    provider,
    principal,
    scopes,
    decision,
  }: {
    readonly provider: Provider
    readonly principal: Principal
    readonly scopes: readonly string[]
    readonly decision: Decision
  },
): Promise<string> {
  const grant = new provider.Grant({ accountId: String(principal.user.id), clientId })
  grant.addOIDCScope(scopes.join(' '))
  const grantId = await grant.save()
  const more = { flow: (authorizationFlow ?? '').replaceAll('-', ''), scopes: scopes.join(' ') }
  const question = { principal, application, clientIp: clientIpOf(req) }
  await recordAuthorization(ctx, question, decision, { app: 'authentik.providers.oauth2', more })
  return grantId
}
