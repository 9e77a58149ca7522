import type { Provider as OidcProvider } from 'oidc-provider'
import type { CoreContext } from '#core/context.ts'
import type { ApplicationSettings } from './application-settings.ts'
import { answerErrors, answerExpected } from './expected-errors.ts'
import { finishAnswers } from './finish-answers.ts'
import { errors, Provider } from './library.ts'
import { providerConfiguration, REFUSED_GRANTS } from './provider-configuration.ts'
import { replaceModels } from './provider-models.ts'
import { providerUrls } from './urls.ts'

/** Makes the OpenID provider of one application as seen at one address. */
export function buildProvider(ctx: CoreContext, settings: ApplicationSettings, base: URL): OidcProvider {
  const urls = providerUrls(base, settings.application.slug, settings.issuerMode)
  const provider = new Provider(urls.issuer, providerConfiguration(ctx, settings))
  // The forwarded headers that it then believes are written by `innerRequest` alone.
  provider.proxy = true
  takeRedirectUris(provider)
  for (const grant of REFUSED_GRANTS)
    provider.registerGrantType(grant, () => {
      throw new errors.UnauthorizedClient()
    })
  replaceModels(ctx, settings, provider)
  const log = ctx.log.child({ logger: 'oidc', provider: settings.provider.name })
  provider.use(answerErrors(log))
  provider.use(finishAnswers(ctx, settings, urls))
  provider.on('server_error', (koa, cause) => {
    if (!answerExpected(koa, cause)) log.error('OpenID request failed', { cause })
  })
  return provider
}

/**
 * Leaves it to `redirect-uris.ts` what can be registered. The library would have a client with one custom scheme be a
 * native one, for which it takes every port of a loopback address for the registered one (RFC 8252 §7.3); here every
 * client's are compared as they are written (OA-04).
 */
function takeRedirectUris({ Client }: OidcProvider): void {
  const { Schema } = Client as unknown as { readonly Schema: { readonly prototype: { redirectUris(): void } } }
  Schema.prototype.redirectUris = () => {}
}
