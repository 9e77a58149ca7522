import { createHash } from 'node:crypto'
import { additionalHeadersProblem } from '#schema/api/header-names.ts'
import type { ProxyOutpostConfig } from '#schema/api/outpost-providers.ts'
import { canonicalHost } from './codec/canonical-host.ts'
import { COOKIE_PREFIX } from './codec/cookies.ts'
import { type CorePlaces, type Endpoints, endpointsOf } from './codec/endpoints.ts'
import { parseSkipRules, type SkipRules } from './codec/skip-rules.ts'

/** A provider as the outpost serves it: the core's words, read once. */
export interface ProviderSettings {
  readonly pk: number
  readonly name: string
  readonly application: string
  readonly mode: 'proxy' | 'forward_single'
  /** Without a slash at the end. */
  readonly external: URL
  /** Canonical; what requests are looked up by. */
  readonly host: string
  /** Path of the external host, empty or with a slash in front. */
  readonly basePath: string
  readonly upstream: URL | undefined
  readonly verifiesUpstream: boolean
  readonly clientId: string
  readonly clientSecret: string
  readonly cookieSecret: string
  readonly cookieName: string
  readonly certificate: string | undefined
  readonly skips: SkipRules
  readonly interceptsAuthorization: boolean
  readonly basicAuth: { readonly userAttribute: string; readonly passwordAttribute: string } | undefined
  /** Names of the headers that users' attributes may fill. */
  readonly additionalHeaders: readonly string[]
  readonly scopes: readonly string[]
  /** Undefined: as long as the id token says. */
  readonly maxSessionMs: number | undefined
  readonly endpoints: Endpoints
}

/** The provider, or why it cannot be served. */
export function readProvider(config: ProxyOutpostConfig, core: CorePlaces): ProviderSettings | { problem: string } {
  const external = URL.parse(config.external_host)
  if (external === null || !/^https?:$/.test(external.protocol))
    return { problem: 'external_host is not a web address' }
  const host = canonicalHost(external.host)
  if (host === undefined) return { problem: 'external_host names no host' }
  if (config.mode === 'forward_domain') return { problem: 'forward auth for a whole domain is not supported' }
  for (const field of ['client_id', 'client_secret', 'cookie_secret'] as const)
    if (config[field] === '') return { problem: `${field} is empty` }
  const upstream = URL.parse(config.internal_host) ?? undefined
  if (config.mode === 'proxy' && !/^https?:$/.test(upstream?.protocol ?? ''))
    return { problem: 'internal_host is not a web address' }
  const skips = parseSkipRules(config.skip_path_regex)
  if ('problem' in skips) return { problem: `skip_path_regex: ${skips.problem}` }
  const headers = additionalHeadersProblem(config.additional_headers)
  if (headers !== undefined) return { problem: `additional_headers: ${headers}` }
  const endpoints = readEndpoints(config, core)
  if (endpoints === undefined) return { problem: 'oidc_configuration has an address that is none' }
  const { client_id: clientId, access_token_validity: validity } = config
  return {
    pk: config.pk,
    name: config.name,
    application: config.assigned_application_slug,
    mode: config.mode,
    external,
    host,
    basePath: external.pathname.replace(/\/+$/, ''),
    upstream,
    verifiesUpstream: config.internal_host_ssl_validation,
    clientId,
    clientSecret: config.client_secret,
    cookieSecret: config.cookie_secret,
    cookieName: `${COOKIE_PREFIX}${createHash('sha256').update(clientId).digest('hex').slice(0, 8)}`,
    certificate: config.certificate ?? undefined,
    skips,
    interceptsAuthorization: config.intercept_header_auth,
    basicAuth: config.basic_auth_enabled
      ? { userAttribute: config.basic_auth_user_attribute, passwordAttribute: config.basic_auth_password_attribute }
      : undefined,
    additionalHeaders: config.additional_headers,
    scopes: config.scopes_to_request,
    maxSessionMs: validity === null ? undefined : validity * 1000,
    endpoints,
  }
}

function readEndpoints({ oidc_configuration }: ProxyOutpostConfig, core: CorePlaces): Endpoints | undefined {
  try {
    return endpointsOf(oidc_configuration, core)
  } catch {
    return undefined
  }
}
