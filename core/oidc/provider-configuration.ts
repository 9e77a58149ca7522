import type { ClientMetadata, Configuration, FindAccount, KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { CoreContext } from '#core/context.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { findAccount, type OidcAccount } from './account.ts'
import type { ApplicationSettings } from './application-settings.ts'
import { ArtifactStore } from './artifact-store.ts'
import { withoutLogin } from './authorize-parameters.ts'
import { authorizationPolicy } from './interaction-policy.ts'
import { renderOidcError } from './pages.ts'
import { webOrigins } from './redirect-uris.ts'
import { OIDC_ROOT } from './urls.ts'

/** Known, so that the answer is `unauthorized_client` once the client has proved who it is (OA-22, OA-23). */
export const REFUSED_GRANTS = ['client_credentials', 'password']

const INTERACTION_SECONDS = 30 * 60
const CLOCK_TOLERANCE_SECONDS = 5

/** The scopes that mean something to this application. */
export function knownScopes({ mappings }: ApplicationSettings): readonly string[] {
  return [...new Set(['openid', 'offline_access', ...mappings.map((mapping) => mapping.scope)])]
}

/** What the library is told about one application; what is not named here is as the library has it. */
export function providerConfiguration(ctx: CoreContext, settings: ApplicationSettings): Configuration {
  const { clientId, signing, application } = settings
  const origins = webOrigins(settings.redirectUris)
  const find: FindAccount = (koa, accountId, source) =>
    findAccount(ctx, settings, koa, accountId, source as AccessToken)
  return {
    adapter: (model: string) => new ArtifactStore(ctx, clientId, model),
    claims: { openid: ['sub'] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    clientBasedCORS: (_, origin) => origins.has(origin),
    clients: [clientMetadata(settings)],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    conformIdTokenClaims: false,
    enabledJWA: { idTokenSigningAlgValues: [signing.algorithm] },
    cookies: {
      keys: [Buffer.from(ctx.keys.derive('oidc/cookies', 32)).toString('base64url')],
      names: { interaction: 'martello_interaction', resume: 'martello_resume', session: 'martello_oidc' },
      short: { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true },
    },
    // The store binds artifacts to the core session.
    expiresWithSession: () => false,
    extraTokenClaims: (koa, token) => accessTokenClaims(clientId, koa, token as AccessToken),
    features: features(find),
    findAccount: find,
    interactions: {
      policy: authorizationPolicy(ctx, settings),
      url: (koa, { uid, prompt }) =>
        prompt.name === 'login' ? loginUrl(settings, koa) : `${OIDC_ROOT}/interaction/${uid}/`,
    },
    issueRefreshToken: (_, __, source) => source.scopes.has('offline_access'),
    jwks: { keys: signing.jwk === undefined ? [] : [signing.jwk] },
    loadExistingGrant: async ({ oidc }) => {
      const grantId = oidc.result?.consent?.grantId
      return grantId === undefined ? undefined : oidc.provider.Grant.find(grantId)
    },
    pkce: { required: () => settings.isPublic },
    renderError: renderOidcError,
    responseTypes: ['code'],
    rotateRefreshToken: true,
    routes: {
      authorization: '/authorize/',
      token: '/token/',
      userinfo: '/userinfo/',
      introspection: '/introspect/',
      revocation: '/revoke/',
      jwks: `/${application.slug}/jwks/`,
      end_session: `/${application.slug}/end-session/`,
    },
    scopes: [...knownScopes(settings)],
    subjectTypes: ['public'],
    ttl: lifetimes(settings),
  }
}

type AccessToken = InstanceType<typeof Provider.prototype.AccessToken>

function features(find: FindAccount): Configuration['features'] {
  const off = { enabled: false }
  return {
    backchannelLogout: off,
    clientCredentials: off,
    devInteractions: off,
    dPoP: off,
    introspection: {
      enabled: true,
      // The store knows no token of another client; what is left to ask is whether the user still has access.
      // A refresh token opens nothing, so whoever was shown it in an access token's place is told that it is none.
      allowedPolicy: async (koa, _, token) => {
        if (token.kind === 'RefreshToken' && koa.oidc.params?.['token_type_hint'] !== 'refresh_token') return false
        const { accountId = '' } = token as AccessToken
        const account = await find(koa, accountId, token as AccessToken)
        if (account === undefined) return false
        koa.oidc.entity('Account', account)
        return true
      },
    },
    pushedAuthorizationRequests: off,
    resourceIndicators: off,
    revocation: { enabled: true, allowedPolicy: () => true },
    rpInitiatedLogout: off,
  }
}

/** Seconds. */
function lifetimes(settings: ApplicationSettings): Configuration['ttl'] {
  const { accessTokenSeconds, codeSeconds, refreshTokenSeconds } = settings
  return {
    AccessToken: accessTokenSeconds,
    AuthorizationCode: codeSeconds,
    Grant: codeSeconds + Math.max(accessTokenSeconds, refreshTokenSeconds),
    IdToken: accessTokenSeconds,
    Interaction: INTERACTION_SECONDS,
    RefreshToken: refreshTokenSeconds,
    Session: INTERACTION_SECONDS,
  }
}

/** What an access token says: the same as the id token, and who may use it. */
async function accessTokenClaims(
  clientId: string,
  { oidc }: KoaContextWithOIDC,
  token: AccessToken,
): Promise<JsonObject> {
  const account = oidc.account as OidcAccount
  const claims = await account.claims('access_token', token.scope ?? '', {}, [])
  return { ...claims, sub: account.subject, aud: clientId, azp: clientId, uid: token.jti }
}

function clientMetadata(settings: ApplicationSettings): ClientMetadata {
  const { clientId, clientSecret, isPublic, signing } = settings
  const uris = [...settings.redirectUris]
  return {
    client_id: clientId,
    ...(isPublic && signing.algorithm !== 'HS256' ? {} : { client_secret: clientSecret.reveal() }),
    token_endpoint_auth_method: isPublic ? 'none' : 'client_secret_basic',
    redirect_uris: uris,
    response_types: uris.length > 0 ? ['code'] : [],
    grant_types: ['authorization_code', 'refresh_token', ...REFUSED_GRANTS],
    id_token_signed_response_alg: signing.algorithm,
  }
}

/** Our sign-in, with the way back to the request that needs it. */
function loginUrl({ authenticationFlow }: ApplicationSettings, { oidc }: KoaContextWithOIDC): string {
  const given = oidc.params as unknown as { toPlainObject(): Record<string, string> }
  const params = withoutLogin(new URLSearchParams(given.toPlainObject()))
  const flow = authenticationFlow === null ? '/flows/-/default/authentication/' : `/if/flow/${authenticationFlow}/`
  return `${flow}?next=${encodeURIComponent(`${OIDC_ROOT}/authorize/?${params}`)}`
}
