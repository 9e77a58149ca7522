import { z } from 'zod'
import { parseNetwork } from '#schema/kernel/networks.ts'
import { choice, computed, duration, flag, integer, reference, references, text, texts, url, uuids } from './field.ts'
import { additionalHeadersProblem } from './header-names.ts'
import { presentedFields } from './presented.ts'
import { resource } from './resource.ts'

const FLOW = 'authentik_flows.flow'
const CERTIFICATE = 'authentik_crypto.certificatekeypair'
const WEB = ['http', 'https']
const ofApplication = () => text({ readOnly: true, nullable: true })

const providerFields = {
  pk: integer({ readOnly: true }),
  name: text({ required: true, unique: true }),
  authentication_flow: reference(FLOW, { nullable: true }),
  authorization_flow: reference(FLOW, { required: true }),
  invalidation_flow: ofApplication(),
  property_mappings: references('authentik_core.propertymapping'),
  component: presentedFields.component,
  assigned_application_slug: ofApplication(),
  assigned_application_name: ofApplication(),
  assigned_backchannel_application_slug: ofApplication(),
  assigned_backchannel_application_name: ofApplication(),
  verbose_name: presentedFields.verbose_name,
  verbose_name_plural: presentedFields.verbose_name_plural,
  meta_model_name: presentedFields.meta_model_name,
}
const key = { parameter: 'id', field: 'pk' }
const outpostSet = computed(z.array(z.string()))

/** Providers of every kind, by what they have in common. */
export const providerResource = resource({
  path: 'providers/all/',
  name: 'Provider',
  model: 'authentik_core.provider',
  key,
  fields: providerFields,
  specialFilters: { application__isnull: 'boolean', backchannel_only: 'boolean' },
  search: ['name'],
  operations: ['list', 'retrieve', 'destroy', 'used_by'],
})

const tokenValidity = {
  access_token_validity: duration(),
  refresh_token_validity: duration(),
}

export const oauth2ProviderResource = resource({
  path: 'providers/oauth2/',
  name: 'OAuth2Provider',
  model: 'authentik_providers_oauth2.oauth2provider',
  key,
  fields: {
    ...providerFields,
    client_type: choice(['confidential', 'public']),
    client_id: text({ unique: true, max: 255, blank: false }),
    client_secret: text({ secret: true, max: 255, verbatim: true }),
    access_code_validity: duration(),
    ...tokenValidity,
    include_claims_in_id_token: flag(),
    signing_key: reference(CERTIFICATE, { nullable: true }),
    redirect_uris: text(),
    sub_mode: choice(['hashed_user_id', 'user_id', 'user_uuid', 'user_username', 'user_email', 'user_upn']),
    issuer_mode: choice(['global', 'per_provider']),
    jwks_sources: uuids({ readOnly: true }),
  },
  filters: [
    'access_code_validity',
    'access_token_validity',
    'authorization_flow',
    'client_id',
    'client_type',
    'include_claims_in_id_token',
    'issuer_mode',
    'name',
    'redirect_uris',
    'refresh_token_validity',
    'signing_key',
    'sub_mode',
  ],
  specialFilters: { application: 'uuid', property_mappings: 'uuids' },
  search: ['name'],
  presentation: {
    component: 'ak-provider-oauth2-form',
    verboseName: 'OAuth2/OpenID Provider',
    verboseNamePlural: 'OAuth2/OpenID Providers',
    description: 'OAuth2 Provider for generic OAuth and OpenID Connect Applications.',
  },
})

export const proxyProviderResource = resource({
  path: 'providers/proxy/',
  name: 'ProxyProvider',
  model: 'authentik_providers_proxy.proxyprovider',
  key,
  fields: {
    ...providerFields,
    client_id: text({ readOnly: true }),
    internal_host: url(WEB),
    external_host: url(WEB, { required: true }),
    internal_host_ssl_validation: flag(),
    certificate: reference(CERTIFICATE, { nullable: true }),
    skip_path_regex: text({ verbatim: true }),
    basic_auth_enabled: flag(),
    basic_auth_password_attribute: text(),
    basic_auth_user_attribute: text(),
    mode: choice(['proxy', 'forward_single', 'forward_domain']),
    intercept_header_auth: flag(),
    additional_headers: texts({ check: additionalHeadersProblem }),
    redirect_uris: text({ readOnly: true }),
    cookie_domain: text(),
    jwks_sources: uuids({ readOnly: true }),
    ...tokenValidity,
    outpost_set: outpostSet,
  },
  filters: [
    'authorization_flow__slug__iexact',
    'basic_auth_enabled__iexact',
    'basic_auth_password_attribute__iexact',
    'basic_auth_user_attribute__iexact',
    'certificate__kp_uuid__iexact',
    'certificate__name__iexact',
    'cookie_domain__iexact',
    'external_host__iexact',
    'internal_host__iexact',
    'internal_host_ssl_validation__iexact',
    'mode__iexact',
    'name__iexact',
    'redirect_uris__iexact',
    'skip_path_regex__iexact',
  ],
  specialFilters: { application__isnull: 'boolean', property_mappings__iexact: 'uuids' },
  search: ['name'],
  presentation: {
    component: 'ak-provider-proxy-form',
    verboseName: 'Proxy Provider',
    verboseNamePlural: 'Proxy Providers',
    description: "Protect applications that don't support any of the other protocols by using a Reverse-Proxy.",
  },
})

const accessMode = () => choice(['direct', 'cached'])

export const ldapProviderResource = resource({
  path: 'providers/ldap/',
  name: 'LDAPProvider',
  model: 'authentik_providers_ldap.ldapprovider',
  key,
  fields: {
    ...providerFields,
    base_dn: text({ blank: false }),
    search_group: reference('authentik_core.group', { nullable: true }),
    certificate: reference(CERTIFICATE, { nullable: true }),
    tls_server_name: text(),
    uid_start_number: integer(),
    gid_start_number: integer(),
    outpost_set: outpostSet,
    search_mode: accessMode(),
    bind_mode: accessMode(),
    mfa_support: flag(),
  },
  filters: [
    'authorization_flow__slug__iexact',
    'base_dn__iexact',
    'certificate__kp_uuid__iexact',
    'certificate__name__iexact',
    'gid_start_number__iexact',
    'name__iexact',
    'search_group__group_uuid__iexact',
    'search_group__name__iexact',
    'tls_server_name__iexact',
    'uid_start_number__iexact',
  ],
  specialFilters: { application__isnull: 'boolean' },
  search: ['name'],
  presentation: {
    component: 'ak-provider-ldap-form',
    verboseName: 'LDAP Provider',
    verboseNamePlural: 'LDAP Providers',
    description: "Allow applications to authenticate against authentik's users using LDAP.",
  },
})

/** An outpost of the older generation dies of a network that is none, so none is accepted. */
function networksProblem(value: string): string | undefined {
  const wrong = value.split(',').find((part) => parseNetwork(part.trim()) === undefined)
  return wrong === undefined ? undefined : `"${wrong.trim()}" is not a network such as 192.0.2.0/24.`
}

export const radiusProviderResource = resource({
  path: 'providers/radius/',
  name: 'RadiusProvider',
  model: 'authentik_providers_radius.radiusprovider',
  key,
  fields: {
    ...providerFields,
    client_networks: text({ blank: false, check: networksProblem }),
    shared_secret: text({ secret: true, verbatim: true, blank: false, max: 255 }),
    message_authenticator: choice(['required', 'optional']),
    outpost_set: outpostSet,
  },
  filters: ['authorization_flow__slug__iexact', 'client_networks__iexact', 'name__iexact'],
  specialFilters: { application__isnull: 'boolean' },
  search: ['name'],
  presentation: {
    component: 'ak-provider-radius-form',
    verboseName: 'Radius Provider',
    verboseNamePlural: 'Radius Providers',
    description: "Allow applications to authenticate against authentik's users using Radius.",
  },
})
