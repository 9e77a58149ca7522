import type { ScopeMapping } from './claims.ts'

/** A mapping that the core made; `managed` is what clients of the API find it by. */
export interface ManagedScopeMapping extends ScopeMapping {
  readonly managed: string
  readonly description: string
}

/** The mappings that every installation has, under the names that clients of the API know (sheet core-api §7.9). */
export const DEFAULT_SCOPE_MAPPINGS: readonly ManagedScopeMapping[] = [
  {
    managed: 'goauthentik.io/providers/oauth2/scope-openid',
    name: "authentik default OAuth Mapping: OpenID 'openid'",
    scope: 'openid',
    description: '',
    expression: '{}',
  },
  {
    managed: 'goauthentik.io/providers/oauth2/scope-email',
    name: "authentik default OAuth Mapping: OpenID 'email'",
    scope: 'email',
    description: 'Email address',
    expression: '{"email": user.email, "email_verified": true}',
  },
  {
    managed: 'goauthentik.io/providers/oauth2/scope-profile',
    name: "authentik default OAuth Mapping: OpenID 'profile'",
    scope: 'profile',
    description: 'General Profile Information',
    expression: `{
  "name": user.name,
  "given_name": user.name,
  "preferred_username": user.username,
  "nickname": user.username,
  "groups": user.groups
}`,
  },
  {
    managed: 'goauthentik.io/providers/proxy/scope-proxy',
    name: 'authentik default OAuth Mapping: Proxy outpost',
    scope: 'ak_proxy',
    description: '',
    expression: '{"ak_proxy": {"user_attributes": user.attributes, "is_superuser": user.is_superuser}}',
  },
]
