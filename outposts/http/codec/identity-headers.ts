import type { Identity } from './identity.ts'

/** A token that is longer is left out: proxies in front refuse answers whose headers outgrow their buffers (PX-24). */
const MAX_TOKEN_CHARACTERS = 8_192
const MAX_ADDITIONAL = 32

/** Names as in sheet proxy-outpost §5. */
export const IDENTITY_HEADERS = [
  'X-authentik-username',
  'X-authentik-groups',
  'X-authentik-entitlements',
  'X-authentik-email',
  'X-authentik-name',
  'X-authentik-uid',
  'X-authentik-jwt',
  'X-authentik-meta-jwks',
  'X-authentik-meta-outpost',
  'X-authentik-meta-provider',
  'X-authentik-meta-app',
  'X-authentik-meta-version',
] as const
type IdentityHeader = (typeof IDENTITY_HEADERS)[number]

export type Header = readonly [name: string, value: string]

/** What an application makes of a header name once dashes, underscores, dots and case are gone (PX-05). */
export function foldName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

const OWN_FOLDS: ReadonlySet<string> = new Set(IDENTITY_HEADERS.map(foldName))

/** Whether an application could take this header for one of ours. */
export function isIdentityName(name: string): boolean {
  const fold = foldName(name)
  return fold.startsWith('xauthentik') || OWN_FOLDS.has(fold)
}

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
}

/** Every identity header, with an empty value: nothing that a visitor sent survives beside them (PX-07). */
export const NOBODY: readonly Header[] = IDENTITY_HEADERS.map((name) => [name, ''])

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
  return [...own, ...basicAuthorization(identity, context), ...additionalHeaders(identity)]
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

/** Names with a meaning of their own on the way to the application (PX-36). */
const RESERVED =
  /^(?:host|connection|contentlength|transferencoding|upgrade|te|trailer|keepalive|expect|cookie|setcookie|authorization|proxy.*|forwarded|xforwarded.*|xreal.*|xoriginal.*|sec.*|location|status)$/
const TOKEN = /^[!#$%&'*+.^`|~\w-]{1,128}$/

/** Headers that an administrator put into the attribute `additionalHeaders` of users or groups. */
function additionalHeaders({ ak_proxy }: Identity): readonly Header[] {
  const given = ak_proxy?.user_attributes['additionalHeaders']
  if (typeof given !== 'object' || given === null) return []
  return Object.entries(given)
    .filter(([name, value]) => isPlain(value) && TOKEN.test(name) && !isIdentityName(name) && !isReserved(name))
    .slice(0, MAX_ADDITIONAL)
    .map(([name, value]): Header => [name, headerValue(String(value))])
}

const isReserved = (name: string) => RESERVED.test(foldName(name))
const isPlain = (value: unknown) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
