import { asc, eq, inArray } from 'drizzle-orm'
import type { Database } from '#core/store/database.ts'
import { providers, proxyProviders } from '#core/store/tables/applications.ts'
import type { DeployableOutpost, DeployableProvider, OutpostType } from '#schema/deployment/outpost.ts'
import { readDeploymentSettings } from '#schema/deployment/settings.ts'

/** An outpost as it is stored, or would be. */
export interface StoredOutpost {
  readonly uuid: string
  readonly name: string
  readonly type: string
  readonly config: unknown
}

/** An outpost as far as its deployment goes; undefined when its config cannot be understood. */
export async function deployableOutpost(
  db: Database,
  { uuid, name, type, config }: StoredOutpost,
  served: readonly number[],
): Promise<DeployableOutpost | undefined> {
  const settings = readDeploymentSettings(config)
  if (settings === undefined) return undefined
  const deployed = await deployableProviders(db, served)
  return { pk: uuid, name, type: type as OutpostType, settings, providers: deployed }
}

async function deployableProviders(db: Database, keys: readonly number[]): Promise<readonly DeployableProvider[]> {
  if (keys.length === 0) return []
  const rows = await db
    .select({
      name: providers.name,
      mode: proxyProviders.mode,
      externalHost: proxyProviders.externalHost,
      additionalHeaders: proxyProviders.additionalHeaders,
    })
    .from(providers)
    .leftJoin(proxyProviders, eq(proxyProviders.id, providers.id))
    .where(inArray(providers.id, [...keys]))
    .orderBy(asc(providers.id))
  return rows.map(({ name, mode: stored, externalHost: address, additionalHeaders }) => {
    const externalHost = URL.parse(address ?? '')
    if (stored === null || externalHost === null) return { name }
    const mode = stored as NonNullable<DeployableProvider['proxy']>['mode']
    return { name, proxy: { mode, externalHost, additionalHeaders: additionalHeaders ?? [] } }
  })
}
