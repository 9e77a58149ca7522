import { z } from 'zod'

/** What the core hands to outposts about their providers (sheet outpost-protocol §2.3–2.5), field names as on the wire. */
export const openIdConnectConfiguration = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  userinfo_endpoint: z.string(),
  end_session_endpoint: z.string(),
  introspection_endpoint: z.string(),
  jwks_uri: z.string(),
  response_types_supported: z.array(z.string()),
  id_token_signing_alg_values_supported: z.array(z.string()),
  subject_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
})
export type OpenIdConnectConfiguration = z.infer<typeof openIdConnectConfiguration>

export const proxyOutpostConfig = z.object({
  pk: z.number().int(),
  name: z.string(),
  internal_host: z.string().default(''),
  external_host: z.string(),
  internal_host_ssl_validation: z.boolean().default(true),
  client_id: z.string().default(''),
  client_secret: z.string().default(''),
  oidc_configuration: openIdConnectConfiguration,
  cookie_secret: z.string().default(''),
  certificate: z.string().nullish(),
  skip_path_regex: z.string().default(''),
  basic_auth_enabled: z.boolean().default(false),
  basic_auth_password_attribute: z.string().default(''),
  basic_auth_user_attribute: z.string().default(''),
  mode: z.enum(['proxy', 'forward_single', 'forward_domain']).default('proxy'),
  cookie_domain: z.string().default(''),
  /** Seconds. */
  access_token_validity: z.number().nullable(),
  intercept_header_auth: z.boolean().default(true),
  /** A core of authentik does not say; then users' attributes fill no header. */
  additional_headers: z.array(z.string()).default([]),
  scopes_to_request: z.array(z.string()),
  assigned_application_slug: z.string(),
  assigned_application_name: z.string(),
})
export type ProxyOutpostConfig = z.infer<typeof proxyOutpostConfig>

const accessMode = z.enum(['direct', 'cached'])

export const ldapOutpostConfig = z.object({
  pk: z.number().int(),
  name: z.string(),
  base_dn: z.string().default('DC=ldap,DC=goauthentik,DC=io'),
  bind_flow_slug: z.string(),
  /** 2026.2; null or absent: no flow runs at unbind. */
  unbind_flow_slug: z.string().nullish(),
  application_slug: z.string(),
  search_group: z.string().nullish(),
  certificate: z.string().nullish(),
  tls_server_name: z.string().default(''),
  uid_start_number: z.number().int().default(2000),
  gid_start_number: z.number().int().default(4000),
  search_mode: accessMode.default('direct'),
  bind_mode: accessMode.default('direct'),
  mfa_support: z.boolean().default(true),
  /** A core of authentik does not say. */
  access_revision: z.string().default(''),
})
export type LdapOutpostConfig = z.infer<typeof ldapOutpostConfig>

export const radiusOutpostConfig = z.object({
  pk: z.number().int(),
  name: z.string(),
  application_slug: z.string(),
  auth_flow_slug: z.string(),
  client_networks: z.string().default('0.0.0.0/0, ::/0'),
  shared_secret: z.string().default(''),
  /** A core of authentik does not say; then it is required. */
  message_authenticator: z.enum(['required', 'optional']).default('required'),
  mfa_support: z.boolean().default(false),
  certificate: z.string().nullish(),
})
export type RadiusOutpostConfig = z.infer<typeof radiusOutpostConfig>
