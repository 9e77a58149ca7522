import { IDENTITY_HEADERS, type IdentityHeader } from '#schema/api/header-names.ts'
import type { Identity } from './identity.ts'

/** A token that is longer is left out: proxies in front refuse answers whose headers outgrow their buffers (PX-24). */
const MAX_TOKEN_CHARACTERS = 8_192

export type Header = readonly [name: string, value: string]

/** UTF-8 octets as header characters; what would end or split a header is left out (PX-23). */
export function headerValue(text: string): string {
  const clean = text.replace(/\p{Cc}/gu, '')
  return /[^\x20-\x7e]/.test(clean) ? Buffer.from(clean, 'utf8').toString('latin1') : clean
}

/** What identity headers say about the place rather than the user. */
export interface HeaderContext {
  readonly jwks: string
  readonly outpost: string
  readonly provider: string
  readonly application: string
  readonly version: string
  readonly basicAuth: { readonly userAttribute: string; readonly passwordAttribute: string } | undefined
  /** Names of the headers that the attribute `additionalHeaders` of users or groups may fill. */
  readonly additional: readonly string[]
}

/** Every header that could tell who is there, with an empty value: nothing that a visitor sent survives beside them (PX-07). */
export function nobodyHeaders({ additional }: Pick<HeaderContext, 'additional'>): readonly Header[] {
  return [...IDENTITY_HEADERS, ...additional].map((name) => [name, ''])
}

/** The headers that tell an application who is there. */
export function identityHeaders(identity: Identity, token: string, context: HeaderContext): readonly Header[] {
  const values: Readonly<Record<IdentityHeader, string>> = {
    'X-authentik-username': identity.preferred_username,
    // The separator inside a name is escaped: one group never reads as two.
    'X-authentik-groups': joined(identity.groups),
    'X-authentik-entitlements': '',
    'X-authentik-email': identity.email,
    'X-authentik-name': identity.name,
    'X-authentik-uid': identity.sub,
    'X-authentik-jwt': token.length > MAX_TOKEN_CHARACTERS ? '' : token,
    'X-authentik-meta-jwks': context.jwks,
    'X-authentik-meta-outpost': context.outpost,
    'X-authentik-meta-provider': context.provider,
    'X-authentik-meta-app': context.application,
    'X-authentik-meta-version': context.version,
  }
  const own = IDENTITY_HEADERS.map((name): Header => [name, headerValue(values[name])])
  return [...own, ...basicAuthorization(identity, context), ...additionalHeaders(identity, context.additional)]
}

function joined(names: readonly string[]): string {
  return names.map((name) => name.replaceAll('|', '%7C')).join('|')
}

/** Credentials of the user for the application, from attributes; nothing without a password. */
function basicAuthorization({ ak_proxy, email }: Identity, { basicAuth }: HeaderContext): readonly Header[] {
  const attributes = ak_proxy?.user_attributes ?? {}
  const password = basicAuth === undefined ? undefined : attributes[basicAuth.passwordAttribute]
  if (basicAuth === undefined || typeof password !== 'string' || password === '') return []
  const user = attributes[basicAuth.userAttribute]
  const credentials = `${typeof user === 'string' ? user : email}:${password}`
  return [['Authorization', `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`]]
}

/**
 * What an administrator put into the attribute `additionalHeaders` of users or groups, for the names that the provider
 * lists (PX-36). Whoever has no value gets an empty one, so that none of a client's takes its place (PX-05).
 */
function additionalHeaders({ ak_proxy }: Identity, names: readonly string[]): readonly Header[] {
  const given = ak_proxy?.user_attributes['additionalHeaders']
  const values = new Map(
    Object.entries(typeof given === 'object' && given !== null ? given : {})
      .filter(([, value]) => isPlain(value))
      .map(([name, value]) => [name.toLowerCase(), headerValue(String(value))]),
  )
  return names.map((name) => [name, values.get(name.toLowerCase()) ?? ''])
}

const isPlain = (value: unknown) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
