import type { KoaContextWithOIDC } from 'oidc-provider'
import type { CoreContext } from '#core/context.ts'
import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import { ACR, type OidcAccount } from './account.ts'
import type { ApplicationSettings } from './application-settings.ts'
import { ArtifactStore } from './artifact-store.ts'
import type { ProviderUrls } from './urls.ts'

/** The last word on what the library answers. */
export function finishAnswers(ctx: CoreContext, settings: ApplicationSettings, urls: ProviderUrls) {
  return async (koa: KoaContextWithOIDC, next: () => Promise<unknown>): Promise<void> => {
    await next()
    switch (koa.oidc?.route) {
      case 'token':
        return endMisusedCode(ctx, settings, koa)
      case 'introspection':
        if (isJsonObject(koa.body) && koa.body['active'] === true)
          Object.assign(koa.body, { aud: settings.clientId, sub: (koa.oidc.account as OidcAccount).subject })
        return
      case 'discovery':
        koa.body = { ...(koa.body as object), ...discovery(settings, urls) }
        return
    }
  }
}

/** A code that was presented wrongly in any way is worth nothing any more, nor is what came of it (OA-01, OA-10). */
async function endMisusedCode(
  ctx: CoreContext,
  { clientId }: ApplicationSettings,
  koa: KoaContextWithOIDC,
): Promise<void> {
  const { grant_type, code } = koa.oidc.body ?? {}
  const refused = isJsonObject(koa.body) && koa.body['error'] === 'invalid_grant'
  if (refused && grant_type === 'authorization_code' && typeof code === 'string')
    await new ArtifactStore(ctx, clientId, 'AuthorizationCode').endGrantOf(code)
}

/** compat: members that the library does not know, or says differently (sheet core-api §7.10). */
function discovery({ signing }: ApplicationSettings, urls: ProviderUrls): Record<string, unknown> {
  return {
    end_session_endpoint: urls.endSession,
    grant_types_supported: ['authorization_code', 'refresh_token'],
    id_token_signing_alg_values_supported: [signing.algorithm],
    acr_values_supported: [ACR],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'nonce', 'sid'],
  }
}
