import type { OpenIdConnectConfiguration } from '#schema/api/outpost-providers.ts'

/** Where the core is, seen from each side. */
export interface CorePlaces {
  /** As the outpost reaches it. */
  readonly host: URL
  /** As the core calls itself in what it issues: `authentik_host` of the outpost. */
  readonly named: URL | undefined
  /** As browsers reach it, where that is something else again. */
  readonly browser: URL | undefined
}

export interface Endpoints {
  readonly issuer: string
  /** For browsers. */
  readonly authorization: URL
  readonly endSession: URL
  readonly jwks: string
  /** Paths with query, for the back channel. */
  readonly token: string
  readonly introspection: string
  readonly keys: string
  readonly algorithms: readonly string[]
}

/** The addresses of a provider at the core, scheme and host as each side needs them (sheet proxy-outpost §1). */
export function endpointsOf(config: OpenIdConnectConfiguration, { named, browser }: CorePlaces): Endpoints {
  const forBrowsers = browser ?? named
  return {
    issuer: at(config.issuer, named).href,
    authorization: at(config.authorization_endpoint, forBrowsers),
    endSession: at(config.end_session_endpoint, forBrowsers),
    jwks: at(config.jwks_uri, forBrowsers).href,
    token: pathOf(config.token_endpoint),
    introspection: pathOf(config.introspection_endpoint),
    keys: pathOf(config.jwks_uri),
    algorithms: config.id_token_signing_alg_values_supported,
  }
}

function at(address: string, place: URL | undefined): URL {
  const url = new URL(address)
  if (place === undefined) return url
  return new URL(`${url.pathname}${url.search}`, place.origin)
}

function pathOf(address: string): string {
  const url = new URL(address)
  return `${url.pathname}${url.search}`
}
