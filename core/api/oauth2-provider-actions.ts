import { eq } from 'drizzle-orm'
import { BadRequestError } from '#core/http/http-errors.ts'
import { loadApplicationSettings } from '#core/oidc/application-settings.ts'
import { baseUrl } from '#core/oidc/base-url.ts'
import { claimsFor } from '#core/oidc/claims.ts'
import { type IssuerMode, providerUrls } from '#core/oidc/urls.ts'
import { applications } from '#core/store/tables/applications.ts'
import { findVisible } from './objects.ts'
import { type Call, ok, type Reply, type Route, userOf } from './route.ts'

const VIEW = 'authentik_providers_oauth2.view_oauth2provider'

/** What an administrator needs to set an application up: its addresses, and what it will be told. */
export const oauth2Actions: readonly Route[] = [
  action('setup_urls', 'OAuth2ProviderSetupURLs', setupUrls),
  action('preview_user', 'PropertyMappingPreview', previewUser),
]

function action(name: string, response: string, handle: (call: Call) => Promise<Reply>): Route {
  return {
    method: 'GET',
    path: `providers/oauth2/{id}/${name}/`,
    operationId: `providers_oauth2_${name}_retrieve`,
    access: { kind: 'objects', permission: VIEW },
    document: { response },
    handle,
  }
}

/** The address under which the caller reaches the core. */
export function originOf({ req }: Call): URL {
  const base = baseUrl(req)
  if (base === undefined) throw new BadRequestError(400, 'The request names no valid host.')
  return base
}

async function slugOf(call: Call): Promise<{ slug: string | undefined; issuerMode: IssuerMode }> {
  const row = await findVisible(call.registry.of('authentik_providers_oauth2.oauth2provider')!, call)
  const [application] = await call.ctx.db
    .select()
    .from(applications)
    .where(eq(applications.provider, Number(row['id'])))
  return { slug: application?.slug, issuerMode: row['issuerMode'] as IssuerMode }
}

/** Addresses that depend on the application are a dash until there is one. */
async function setupUrls(call: Call): Promise<Reply> {
  const { slug, issuerMode } = await slugOf(call)
  const urls = providerUrls(originOf(call), slug ?? '-', issuerMode)
  const own = (url: string): string => (slug === undefined ? '-' : url)
  return ok({
    issuer: own(urls.issuer),
    authorize: urls.authorization,
    token: urls.token,
    user_info: urls.userInfo,
    provider_info: own(urls.discovery),
    logout: own(urls.endSession),
    jwks: own(urls.jwks),
  })
}

/** What the application would be told about the caller. */
async function previewUser(call: Call): Promise<Reply> {
  const { ctx } = call
  const { slug } = await slugOf(call)
  const settings = slug === undefined ? undefined : await loadApplicationSettings(ctx.db, ctx.keys, { slug })
  if (settings === undefined) return ok({ preview: {} })
  const { user, uid, groups, isSuperuser, attributes } = userOf(call).principal
  const names = groups.map(({ name }) => name)
  const { pk, ...account } = {
    pk: user.id,
    uuid: user.uuid,
    username: user.username,
    name: user.name,
    email: user.email,
    type: user.type,
  }
  const subject = {
    user: { pk, uid, ...account, is_superuser: isSuperuser, groups: names, all_groups: names, attributes },
    application: settings.application,
  }
  const scopes = new Set(settings.mappings.map(({ scope }) => scope))
  return ok({ preview: claimsFor(settings.mappings, scopes, subject).claims })
}
