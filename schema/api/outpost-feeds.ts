import { z } from 'zod'
import { choice, computed, flag, integer, text, texts } from './field.ts'
import { openIdConnectConfiguration } from './outpost-providers.ts'
import { resource } from './resource.ts'

const read = () => text({ readOnly: true })
const key = { parameter: 'id', field: 'pk' }
const operations = ['list', 'retrieve'] as const

/** What outposts are handed, secrets included: for their accounts alone. `outpost-providers.ts` is what they parse. */
export const proxyFeedResource = resource({
  path: 'outposts/proxy/',
  name: 'ProxyOutpostConfig',
  model: 'authentik_providers_proxy.proxyprovider',
  key,
  fields: {
    pk: integer({ readOnly: true }),
    name: read(),
    internal_host: read(),
    external_host: read(),
    internal_host_ssl_validation: flag({ readOnly: true }),
    client_id: read(),
    client_secret: read(),
    oidc_configuration: computed(openIdConnectConfiguration),
    cookie_secret: read(),
    certificate: text({ readOnly: true, nullable: true }),
    skip_path_regex: read(),
    basic_auth_enabled: flag({ readOnly: true }),
    basic_auth_password_attribute: read(),
    basic_auth_user_attribute: read(),
    mode: choice(['proxy', 'forward_single', 'forward_domain'], { readOnly: true }),
    cookie_domain: read(),
    access_token_validity: computed(z.number(), { nullable: true }),
    intercept_header_auth: flag({ readOnly: true }),
    additional_headers: texts({ readOnly: true }),
    scopes_to_request: computed(z.array(z.string())),
    assigned_application_slug: read(),
    assigned_application_name: read(),
  },
  filters: ['name'],
  search: ['name'],
  operations,
})

export const ldapFeedResource = resource({
  path: 'outposts/ldap/',
  name: 'LDAPOutpostConfig',
  model: 'authentik_providers_ldap.ldapprovider',
  key,
  fields: {
    pk: integer({ readOnly: true }),
    name: read(),
    base_dn: read(),
    bind_flow_slug: read(),
    unbind_flow_slug: text({ readOnly: true, nullable: true }),
    application_slug: read(),
    search_group: text({ readOnly: true, nullable: true }),
    certificate: text({ readOnly: true, nullable: true }),
    tls_server_name: read(),
    uid_start_number: integer({ readOnly: true }),
    gid_start_number: integer({ readOnly: true }),
    search_mode: choice(['direct', 'cached'], { readOnly: true }),
    bind_mode: choice(['direct', 'cached'], { readOnly: true }),
    mfa_support: flag({ readOnly: true }),
    /** Is another whenever what decides about the application is: who was let in before has to ask again. */
    access_revision: read(),
  },
  filters: ['name'],
  search: ['name'],
  operations,
})

export const radiusFeedResource = resource({
  path: 'outposts/radius/',
  name: 'RadiusOutpostConfig',
  model: 'authentik_providers_radius.radiusprovider',
  key,
  fields: {
    pk: integer({ readOnly: true }),
    name: read(),
    application_slug: read(),
    auth_flow_slug: read(),
    client_networks: read(),
    shared_secret: read(),
    message_authenticator: choice(['required', 'optional'], { readOnly: true }),
    mfa_support: flag({ readOnly: true }),
    certificate: text({ readOnly: true, nullable: true }),
  },
  filters: ['name'],
  search: ['name'],
  operations,
})
