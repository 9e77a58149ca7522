import { eq, inArray, isNotNull, or, sql } from 'drizzle-orm'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import { proxyRedirectUris } from '#core/oidc/urls.ts'
import type { Database } from '#core/store/database.ts'
import { detachProviders, refreshOutpostsOf } from '#core/store/outpost-accounts.ts'
import {
  applications,
  ldapProviders,
  oauth2Providers,
  propertyMappings,
  providerPropertyMappings,
  providers,
  proxyProviders,
  radiusProviders,
} from '#core/store/tables/applications.ts'
import { outpostProviders, outposts } from '#core/store/tables/outposts.ts'
import { randomKey } from '#core/store/tokens.ts'
import {
  ldapProviderResource,
  oauth2ProviderResource,
  providerResource,
  proxyProviderResource,
  radiusProviderResource,
} from '#schema/api/providers.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding, Effect, Row, Writing } from './binding.ts'
import { oauth2Actions } from './oauth2-provider-actions.ts'
import type { Call } from './route.ts'
import { typesRoute } from './types-route.ts'

type ProviderRow = typeof providers.$inferSelect & Row

const base = providerResource.model
const isAssigned = sql`${providers.id} in (select ${applications.provider} from ${applications} where ${isNotNull(applications.provider)})`
const hasMapping = (keys: readonly string[]) =>
  sql`${providers.id} in (select ${providerPropertyMappings.providerId} from ${providerPropertyMappings} where ${inArray(providerPropertyMappings.pmUuid, [...keys])})`

const everyProvider = {
  links: {
    property_mappings: {
      table: providerPropertyMappings,
      own: providerPropertyMappings.providerId,
      other: providerPropertyMappings.pmUuid,
    },
  },
  filters: {
    application: ([key]: readonly string[]) =>
      sql`${providers.id} in (select ${applications.provider} from ${applications} where ${eq(applications.pbmUuid, key!)})`,
    application__isnull: ([value]: readonly string[]) =>
      value!.toLowerCase() === 'true' ? sql`not ${isAssigned}` : isAssigned,
    backchannel_only: ([value]: readonly string[]) =>
      value!.toLowerCase() === 'true' ? inArray(providers.kind, ['ldap', 'scim']) : isNotNull(providers.id),
    property_mappings: hasMapping,
    property_mappings__iexact: hasMapping,
  },
  represent,
  written,
  deleting,
}

/** Providers of every kind, by what they have in common. */
export const providerBinding: Binding<ProviderRow> = {
  ...everyProvider,
  resource: providerResource,
  tables: [providers],
  actions: [typesRoute('providers/all/', base)],
}

/** OAuth2 providers: a client without credentials is given some. */
export const oauth2ProviderBinding: Binding<ProviderRow> = {
  ...everyProvider,
  resource: oauth2ProviderResource,
  tables: [providers, oauth2Providers],
  base,
  kind: 'oauth2',
  async prepare(_call, values, before) {
    return before === undefined ? { client_id: randomKey(40), client_secret: randomKey(128), ...values } : values
  },
  actions: oauth2Actions,
}

/** Proxy providers: clients of OAuth2 whose credentials nobody but their outposts is shown. */
export const proxyProviderBinding: Binding<ProviderRow> = {
  ...everyProvider,
  resource: proxyProviderResource,
  tables: [providers, oauth2Providers, proxyProviders],
  base,
  kind: 'proxy',
  sealed: ['client_secret', 'cookie_secret'],
  prepare: prepareProxy,
}

/** LDAP providers. */
export const ldapProviderBinding: Binding<ProviderRow> = {
  ...everyProvider,
  resource: ldapProviderResource,
  tables: [providers, ldapProviders],
  base,
  kind: 'ldap',
}

/** RADIUS providers: one without a shared secret is given one. */
export const radiusProviderBinding: Binding<ProviderRow> = {
  ...everyProvider,
  resource: radiusProviderResource,
  tables: [providers, radiusProviders],
  base,
  kind: 'radius',
  async prepare(_call, values, before) {
    return before === undefined ? { shared_secret: randomKey(40), ...values } : values
  },
}

async function prepareProxy({ ctx }: Call, values: JsonObject, before: ProviderRow | undefined): Promise<JsonObject> {
  const now = (field: string, column: string, otherwise: unknown) => values[field] ?? before?.[column] ?? otherwise
  const errors: Record<string, string[]> = {}
  if (now('mode', 'mode', 'proxy') === 'proxy' && now('internal_host', 'internalHost', '') === '')
    errors['internal_host'] = ['Internal host cannot be empty when forward auth is disabled.']
  const attributes = ['basic_auth_password_attribute', 'basic_auth_user_attribute']
  const columns = ['basicAuthPasswordAttribute', 'basicAuthUserAttribute']
  if (now('basic_auth_enabled', 'basicAuthEnabled', false) === true)
    if (attributes.some((name, index) => now(name, columns[index]!, '') === ''))
      errors['basic_auth_enabled'] = ['User and password attributes must be set when basic auth is enabled.']
  if (Object.keys(errors).length > 0) throw new ValidationFailedError(errors)
  const redirect_uris = proxyRedirectUris(String(now('external_host', 'externalHost', ''))).join('\n')
  if (before !== undefined) return { ...values, redirect_uris }
  const made = { client_id: randomKey(40), client_secret: randomKey(128), cookie_secret: randomKey(32), redirect_uris }
  const given = values['property_mappings']
  const property_mappings = Array.isArray(given) && given.length > 0 ? given : await defaultMappings(ctx.db)
  return { ...values, ...made, property_mappings }
}

const PROXY_MAPPINGS = ['openid', 'email', 'profile']
  .map((scope) => `goauthentik.io/providers/oauth2/scope-${scope}`)
  .concat('goauthentik.io/providers/proxy/scope-proxy')

/** The scopes that a proxy outpost needs to fill its headers. */
async function defaultMappings(db: Database): Promise<readonly string[]> {
  const rows = await db.select().from(propertyMappings).where(inArray(propertyMappings.managed, PROXY_MAPPINGS))
  return rows.map(({ pmUuid }) => pmUuid)
}

async function represent(_call: Call, rows: readonly ProviderRow[], db: Database): Promise<readonly JsonObject[]> {
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return []
  const backchannel = rows.flatMap(({ backchannelApplication }) => backchannelApplication ?? [])
  const assigned = await db
    .select()
    .from(applications)
    .where(or(inArray(applications.provider, ids), inArray(applications.pbmUuid, backchannel)))
  const served = await db
    .select({ provider: outpostProviders.providerId, name: outposts.name })
    .from(outpostProviders)
    .innerJoin(outposts, eq(outposts.uuid, outpostProviders.outpostUuid))
    .where(inArray(outpostProviders.providerId, ids))
  return rows.map((row) => {
    const own = assigned.find(({ provider }) => provider === row.id)
    const back = assigned.find(({ pbmUuid }) => pbmUuid === row.backchannelApplication)
    return {
      invalidation_flow: null,
      assigned_application_slug: own?.slug ?? null,
      assigned_application_name: own?.name ?? null,
      assigned_backchannel_application_slug: back?.slug ?? null,
      assigned_backchannel_application_name: back?.name ?? null,
      jwks_sources: [],
      outpost_set: served.filter(({ provider }) => provider === row.id).map(({ name }) => name),
    }
  })
}

/** What an outpost may read of a provider, its certificate above all, changes with the provider. */
async function written(call: Call, db: Database, { before, after }: Writing<ProviderRow>): Promise<Effect> {
  if (before !== undefined) await refreshOutpostsOf(call.ctx, db, [after.id])
  return undefined
}

async function deleting({ ctx }: Call, db: Database, { id }: ProviderRow): Promise<Effect> {
  await detachProviders(ctx, db, [id])
  return undefined
}
