import { randomUUID } from 'node:crypto'
import { type AnyPgColumn, boolean, integer, pgTable, primaryKey, serial, text, uuid } from 'drizzle-orm/pg-core'
import { certificateKeyPairs } from './certificates.ts'
import { flows } from './flows.ts'
import { policyTargets } from './policies.ts'
import { groups } from './users.ts'

/** Base of every provider; the child table with the same id holds the rest. */
export const providers = pgTable('providers', {
  id: serial('id').primaryKey(),
  kind: text('kind').notNull(),
  name: text('name').notNull().unique(),
  authenticationFlow: uuid('authentication_flow').references(() => flows.flowUuid, { onDelete: 'set null' }),
  authorizationFlow: uuid('authorization_flow').references(() => flows.flowUuid, { onDelete: 'cascade' }),
  backchannelApplication: uuid('backchannel_application').references((): AnyPgColumn => applications.pbmUuid, {
    onDelete: 'set null',
  }),
})

/** OAuth2 settings; proxy providers have a row here too. */
export const oauth2Providers = pgTable('providers_oauth2', {
  id: integer('id')
    .primaryKey()
    .references(() => providers.id, { onDelete: 'cascade' }),
  clientType: text('client_type').notNull().default('confidential'),
  clientId: text('client_id').notNull().unique(),
  /** Sealed. */
  clientSecret: text('client_secret').notNull(),
  accessCodeValidity: text('access_code_validity').notNull().default('minutes=1'),
  accessTokenValidity: text('access_token_validity').notNull().default('hours=1'),
  refreshTokenValidity: text('refresh_token_validity').notNull().default('days=30'),
  includeClaimsInIdToken: boolean('include_claims_in_id_token').notNull().default(true),
  signingKey: uuid('signing_key').references(() => certificateKeyPairs.kpUuid, { onDelete: 'set null' }),
  redirectUris: text('redirect_uris').notNull().default(''),
  subMode: text('sub_mode').notNull().default('hashed_user_id'),
  issuerMode: text('issuer_mode').notNull().default('per_provider'),
})

export const proxyProviders = pgTable('providers_proxy', {
  id: integer('id')
    .primaryKey()
    .references(() => oauth2Providers.id, { onDelete: 'cascade' }),
  internalHost: text('internal_host').notNull().default(''),
  externalHost: text('external_host').notNull(),
  internalHostSslValidation: boolean('internal_host_ssl_validation').notNull().default(true),
  certificate: uuid('certificate').references(() => certificateKeyPairs.kpUuid, { onDelete: 'set null' }),
  skipPathRegex: text('skip_path_regex').notNull().default(''),
  basicAuthEnabled: boolean('basic_auth_enabled').notNull().default(false),
  basicAuthPasswordAttribute: text('basic_auth_password_attribute').notNull().default(''),
  basicAuthUserAttribute: text('basic_auth_user_attribute').notNull().default(''),
  mode: text('mode').notNull().default('proxy'),
  interceptHeaderAuth: boolean('intercept_header_auth').notNull().default(true),
  /** Sealed. */
  cookieSecret: text('cookie_secret').notNull(),
  cookieDomain: text('cookie_domain').notNull().default(''),
  additionalHeaders: text('additional_headers').array().notNull().default([]),
})

export const ldapProviders = pgTable('providers_ldap', {
  id: integer('id')
    .primaryKey()
    .references(() => providers.id, { onDelete: 'cascade' }),
  baseDn: text('base_dn').notNull().default('DC=ldap,DC=goauthentik,DC=io'),
  searchGroup: uuid('search_group').references(() => groups.groupUuid, { onDelete: 'set null' }),
  certificate: uuid('certificate').references(() => certificateKeyPairs.kpUuid, { onDelete: 'set null' }),
  tlsServerName: text('tls_server_name').notNull().default(''),
  uidStartNumber: integer('uid_start_number').notNull().default(2000),
  gidStartNumber: integer('gid_start_number').notNull().default(4000),
  searchMode: text('search_mode').notNull().default('direct'),
  bindMode: text('bind_mode').notNull().default('direct'),
  mfaSupport: boolean('mfa_support').notNull().default(true),
})

export const radiusProviders = pgTable('providers_radius', {
  id: integer('id')
    .primaryKey()
    .references(() => providers.id, { onDelete: 'cascade' }),
  clientNetworks: text('client_networks').notNull().default('0.0.0.0/0, ::/0'),
  /** Sealed. */
  sharedSecret: text('shared_secret').notNull(),
  messageAuthenticator: text('message_authenticator').notNull().default('required'),
})

export const applications = pgTable('applications', {
  pbmUuid: uuid('pbm_uuid')
    .primaryKey()
    .references(() => policyTargets.pbmUuid, { onDelete: 'cascade' }),
  name: text('name').notNull(),
  slug: text('slug').notNull().unique(),
  group: text('group').notNull().default(''),
  provider: integer('provider')
    .unique()
    .references(() => providers.id, { onDelete: 'set null' }),
  openInNewTab: boolean('open_in_new_tab').notNull().default(false),
  metaLaunchUrl: text('meta_launch_url').notNull().default(''),
  metaIcon: text('meta_icon').notNull().default(''),
  metaDescription: text('meta_description').notNull().default(''),
  metaPublisher: text('meta_publisher').notNull().default(''),
})

/** Base of every property mapping; the child table with the same id holds the rest. */
export const propertyMappings = pgTable('property_mappings', {
  pmUuid: uuid('pm_uuid')
    .primaryKey()
    .$defaultFn(() => randomUUID()),
  kind: text('kind').notNull(),
  name: text('name').notNull().unique(),
  managed: text('managed').unique(),
  /** CEL; a map of claims for scope mappings. */
  expression: text('expression').notNull(),
})

export const scopeMappings = pgTable('property_mappings_scope', {
  pmUuid: uuid('pm_uuid')
    .primaryKey()
    .references(() => propertyMappings.pmUuid, { onDelete: 'cascade' }),
  scopeName: text('scope_name').notNull(),
  description: text('description').notNull().default(''),
})

export const providerPropertyMappings = pgTable(
  'provider_property_mappings',
  {
    providerId: integer('provider_id')
      .notNull()
      .references(() => providers.id, { onDelete: 'cascade' }),
    pmUuid: uuid('pm_uuid')
      .notNull()
      .references(() => propertyMappings.pmUuid, { onDelete: 'cascade' }),
  },
  (table) => [primaryKey({ columns: [table.providerId, table.pmUuid] })],
)
