import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { CoreContext } from '#core/context.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { accessTokenSigner, storedTokenId } from './access-token.ts'
import type { OidcAccount } from './account.ts'
import type { ApplicationSettings } from './application-settings.ts'
import { coreSessionClass } from './core-session.ts'

/**
 * Puts our models in the place of three of the library's: sessions that are a view of the core's, access tokens that
 * are JWTs although the library treats them as opaque, and claims that are passed on as the scope mappings gave them.
 */
export function replaceModels(ctx: CoreContext, settings: ApplicationSettings, provider: Provider): void {
  const models = {
    Session: coreSessionClass(ctx, provider),
    AccessToken: accessTokenClass(ctx, settings, provider),
    Claims: GrantedClaims,
  }
  for (const [name, value] of Object.entries(models)) Object.defineProperty(provider, name, { value })
}

/** The library's members that its published types leave out. */
interface Storable {
  readonly extra?: JsonObject
  jti: string
  getValueAndPayload(): Promise<{ value: string; payload: JsonObject }>
}

/** compat: proxies of the reference read the access token as a JWT (sheet proxy-outpost §2.3); we find it by its hash. */
function accessTokenClass({ keys }: CoreContext, settings: ApplicationSettings, provider: Provider) {
  const sign = accessTokenSigner(settings)
  const Opaque = provider.AccessToken as unknown as {
    new (...properties: unknown[]): Storable
    find(id: string, options?: object): Promise<Storable | undefined>
  }
  return class AccessToken extends Opaque {
    static override find(token: string, options?: object) {
      return Opaque.find.call(AccessToken, storedTokenId(keys, token), options)
    }

    override async getValueAndPayload() {
      const { payload } = await super.getValueAndPayload()
      const { iat, exp, scope } = payload
      const value = await sign({ ...this.extra, iss: provider.issuer, iat, exp, scope })
      this.jti = storedTokenId(keys, value)
      return { value, payload: { ...payload, jti: this.jti } }
    }
  }
}

/** Claims as the account gave them, which are those of the granted scopes, under the name that the application knows. */
class GrantedClaims {
  readonly #available: JsonObject
  readonly #ctx: KoaContextWithOIDC

  constructor(available: JsonObject, { ctx }: { ctx: KoaContextWithOIDC }) {
    this.#available = available
    this.#ctx = ctx
  }

  scope(): void {}
  mask(): void {}
  rejected(): void {}

  async result(): Promise<JsonObject> {
    return { ...this.#available, sub: (this.#ctx.oidc.account as OidcAccount).subject }
  }
}
