import type { OpenIdConnectConfiguration } from '#schema/api/outpost-providers.ts'
import { joinUrl } from '#schema/kernel/url-join.ts'

/** Slugs that would shadow the endpoints shared by all applications. */
export const RESERVED_SLUGS: ReadonlySet<string> = new Set([
  'authorize',
  'token',
  'device',
  'userinfo',
  'introspect',
  'revoke',
  'interaction',
])

/** Below it lies everything of this folder; the shared endpoints are the same for every application. */
export const OIDC_ROOT = '/application/o'

/** Every address of one application's provider. */
export interface ProviderUrls {
  readonly issuer: string
  readonly authorization: string
  readonly token: string
  readonly userInfo: string
  readonly introspection: string
  readonly revocation: string
  readonly endSession: string
  readonly jwks: string
  readonly discovery: string
}

/**
 * Every address of one application's provider; `base` is the origin (and path) under which the core is reached.
 * A global issuer names the installation rather than the application.
 */
export function providerUrls(base: URL | string, slug: string, issuerMode: IssuerMode = 'per_provider'): ProviderUrls {
  const at = (path: string) => joinUrl(base, `${OIDC_ROOT}/${path}`).href
  return {
    issuer: issuerMode === 'global' ? joinUrl(base, '/').href : at(`${slug}/`),
    authorization: at('authorize/'),
    token: at('token/'),
    userInfo: at('userinfo/'),
    introspection: at('introspect/'),
    revocation: at('revoke/'),
    endSession: at(`${slug}/end-session/`),
    jwks: at(`${slug}/jwks/`),
    discovery: at(`${slug}/.well-known/openid-configuration`),
  }
}

/** Whether the issuer is the application or the installation. */
export type IssuerMode = 'per_provider' | 'global'
/** JWS algorithms (RFC 7518 §3.1, RFC 8037 §3.1) that tokens can be signed with. */
export type IdTokenAlgorithm = 'HS256' | 'RS256' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'

/** The part of discovery that proxy outposts are handed (sheet outpost-protocol §2.3). */
export function openIdConfiguration(
  base: URL | string,
  slug: string,
  algorithm: IdTokenAlgorithm,
  issuerMode: IssuerMode = 'per_provider',
): OpenIdConnectConfiguration {
  const urls = providerUrls(base, slug, issuerMode)
  return {
    issuer: urls.issuer,
    authorization_endpoint: urls.authorization,
    token_endpoint: urls.token,
    userinfo_endpoint: urls.userInfo,
    end_session_endpoint: urls.endSession,
    introspection_endpoint: urls.introspection,
    jwks_uri: urls.jwks,
    response_types_supported: ['code'],
    id_token_signing_alg_values_supported: [algorithm],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  }
}

/** compat: the two places where a proxy outpost receives the code (sheet core-api §7.11), compared exactly here. */
export function proxyRedirectUris(externalHost: string): readonly string[] {
  const host = externalHost.replace(/\/+$/, '')
  return ['/outpost.goauthentik.io/callback', ''].map((path) => `${host}${path}?X-authentik-auth-callback=true`)
}
