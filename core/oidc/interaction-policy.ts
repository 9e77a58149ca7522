import type { KoaContextWithOIDC, interactionPolicy as policies } from 'oidc-provider'
import type { OidcAccount } from './account.ts'
import { interactionPolicy } from './library.ts'

/**
 * When the library has to ask: for a sign-in (its own rules, with the hint compared by the name that the application
 * knows), and then always for the authorization flow, until that has made the grant of this very request.
 */
export function authorizationPolicy(): policies.Prompt[] {
  const policy = interactionPolicy.base()
  const login = policy.get('login')!
  login.checks.remove('id_token_hint')
  login.checks.add(
    new interactionPolicy.Check(
      'id_token_hint',
      'another user is signed in than the id_token_hint names',
      'login_required',
      ({ oidc }: KoaContextWithOIDC) => {
        const hint = oidc.entities.IdTokenHint
        return hint !== undefined && hint.payload.sub !== (oidc.account as OidcAccount | undefined)?.subject
      },
    ),
  )
  policy.remove('consent')
  policy.add(
    new interactionPolicy.Prompt(
      { name: 'consent', requestable: true },
      new interactionPolicy.Check(
        'authorization_flow',
        'the authorization flow has to run',
        'interaction_required',
        ({ oidc }: KoaContextWithOIDC) => oidc.grant?.jti === undefined,
      ),
    ),
  )
  return policy
}
