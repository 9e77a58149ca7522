import { asc, eq, type SQL } from 'drizzle-orm'
import type { KeyRing } from '#core/crypto/key-ring.ts'
import type { Database } from '#core/store/database.ts'
import {
  applications,
  oauth2Providers,
  propertyMappings,
  providerPropertyMappings,
  providers,
  proxyProviders,
  scopeMappings,
} from '#core/store/tables/applications.ts'
import { certificateKeyPairs } from '#core/store/tables/certificates.ts'
import { flows } from '#core/store/tables/flows.ts'
import { parseDuration } from '#schema/kernel/duration.ts'
import { Secret } from '#schema/kernel/secret.ts'
import type { ScopeMapping } from './claims.ts'
import { redirectUris } from './redirect-uris.ts'
import { type SigningKey, signingKey } from './signing.ts'
import { type IssuerMode, proxyRedirectUris } from './urls.ts'

/** What an application knows its users by, under the names of the API. */
export const SUBJECT_MODES = [
  'hashed_user_id',
  'user_id',
  'user_uuid',
  'user_username',
  'user_email',
  'user_upn',
] as const
export type SubjectMode = (typeof SUBJECT_MODES)[number]

/** All that an application's OpenID provider is made from. */
export interface ApplicationSettings {
  readonly application: { readonly pbmUuid: string; readonly slug: string; readonly name: string }
  readonly provider: { readonly id: number; readonly name: string; readonly kind: string }
  /** Id of the flow that every authorization runs through. */
  readonly authorizationFlow: string | null
  /** Slug of the sign-in flow, if it is not the default one. */
  readonly authenticationFlow: string | null
  readonly clientId: string
  readonly clientSecret: Secret
  readonly isPublic: boolean
  readonly redirectUris: readonly string[]
  readonly codeSeconds: number
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly includeClaimsInIdToken: boolean
  readonly subjectMode: SubjectMode
  readonly issuerMode: IssuerMode
  readonly signing: SigningKey
  readonly mappings: readonly ScopeMapping[]
}

/** The settings of the provider with this client id, or of the application with this slug; undefined if there is none. */
export async function loadApplicationSettings(
  db: Database,
  keys: KeyRing,
  by: { readonly clientId: string } | { readonly slug: string },
): Promise<ApplicationSettings | undefined> {
  const row = await loadRow(
    db,
    'clientId' in by ? eq(oauth2Providers.clientId, by.clientId) : eq(applications.slug, by.slug),
  )
  if (row === undefined) return undefined
  const { application, provider, oauth2, proxy, pair } = row
  const secret = opened(keys, oauth2.clientSecret, `providers_oauth2.client_secret:${oauth2.id}`)
  const signer =
    pair === null
      ? { secret }
      : {
          certificate: pair.certificateData,
          key: opened(keys, pair.keyData, `certificate_key_pairs.key_data:${pair.kpUuid}`),
        }
  const uris = proxy === null ? redirectUris(oauth2.redirectUris) : proxyRedirectUris(proxy.externalHost)
  return {
    application: { pbmUuid: application.pbmUuid, slug: application.slug, name: application.name },
    provider: { id: provider.id, name: provider.name, kind: provider.kind },
    authorizationFlow: provider.authorizationFlow,
    authenticationFlow: row.authenticationFlow,
    clientId: oauth2.clientId,
    clientSecret: new Secret(secret),
    isPublic: oauth2.clientType === 'public',
    redirectUris: uris,
    codeSeconds: seconds(oauth2.accessCodeValidity),
    accessTokenSeconds: seconds(oauth2.accessTokenValidity),
    refreshTokenSeconds: seconds(oauth2.refreshTokenValidity),
    includeClaimsInIdToken: oauth2.includeClaimsInIdToken,
    subjectMode: oauth2.subMode as SubjectMode,
    issuerMode: oauth2.issuerMode as IssuerMode,
    signing: signingKey(signer),
    mappings: await loadMappings(db, provider.id),
  }
}

async function loadRow(db: Database, condition: SQL) {
  const [row] = await db
    .select({
      application: applications,
      provider: providers,
      oauth2: oauth2Providers,
      proxy: proxyProviders,
      pair: certificateKeyPairs,
      authenticationFlow: flows.slug,
    })
    .from(applications)
    .innerJoin(providers, eq(providers.id, applications.provider))
    .innerJoin(oauth2Providers, eq(oauth2Providers.id, providers.id))
    .leftJoin(proxyProviders, eq(proxyProviders.id, providers.id))
    .leftJoin(certificateKeyPairs, eq(certificateKeyPairs.kpUuid, oauth2Providers.signingKey))
    .leftJoin(flows, eq(flows.flowUuid, providers.authenticationFlow))
    .where(condition)
  return row
}

function loadMappings(db: Database, providerId: number): Promise<ScopeMapping[]> {
  return db
    .select({ name: propertyMappings.name, scope: scopeMappings.scopeName, expression: propertyMappings.expression })
    .from(providerPropertyMappings)
    .innerJoin(propertyMappings, eq(propertyMappings.pmUuid, providerPropertyMappings.pmUuid))
    .innerJoin(scopeMappings, eq(scopeMappings.pmUuid, propertyMappings.pmUuid))
    .where(eq(providerPropertyMappings.providerId, providerId))
    .orderBy(asc(scopeMappings.scopeName), asc(propertyMappings.name))
}

/** Where there is no secret, there is nothing sealed. */
const opened = (keys: KeyRing, sealed: string, place: string): string =>
  sealed === '' ? '' : keys.unseal(sealed, place)

/** Whole seconds, at least one. */
const seconds = (duration: string): number => Math.max(1, Math.ceil(parseDuration(duration) / 1000))
