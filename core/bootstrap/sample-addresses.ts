import { eq } from 'drizzle-orm'
import { applyBlueprint, type Blueprint } from '#core/blueprints/apply-blueprint.ts'
import type { CoreContext } from '#core/context.ts'
import type { Database } from '#core/store/database.ts'
import { readSetting, writeSetting } from '#core/store/settings.ts'
import { providers, proxyProviders } from '#core/store/tables/applications.ts'
import { outposts } from '#core/store/tables/outposts.ts'
import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'

/** Where the sample content is reached; the ports in it are settings, so they may be others at the next start. */
export interface SampleAddresses {
  readonly coreUrl: string
  readonly sampleExternal: string
  readonly sampleInternal: string
  readonly forwardExternal: string
}

/** A field of the sample content that holds an address. */
interface Place {
  readonly model: string
  readonly name: string
  readonly field: string
  /** What is there now; undefined if the object is gone or has another name. */
  stored(db: Database): Promise<string | undefined>
  /** The attributes that put an address there. */
  attributes(db: Database, address: string): Promise<JsonObject>
}

/** What was written to each place the last time, as JSON. */
const WRITTEN = 'sample_addresses'

/**
 * Brings the addresses in the sample content up to date with the settings. Only where a place still holds what was
 * written there the last time: an address that an administrator has chosen stays, at this start and every later one.
 */
export async function refreshSampleAddresses(
  ctx: CoreContext,
  addresses: SampleAddresses,
  { isNew }: { readonly isNew: boolean },
): Promise<void> {
  const { db } = ctx
  const written = new Map(Object.entries(JSON.parse((await readSetting(db, WRITTEN)) ?? '{}')))
  const entries: Blueprint['entries'][number][] = []
  for (const [place, address] of placesOf(addresses)) {
    const key = `${place.model} ${place.name} ${place.field}`
    const stored = await place.stored(db)
    if (stored === undefined || (!isNew && stored !== written.get(key))) continue
    written.set(key, address)
    if (stored === address) continue
    const attrs = (await place.attributes(db, address)) as Blueprint['entries'][number]['attrs']
    entries.push({ model: place.model, state: 'present', conditions: [], identifiers: { name: place.name }, attrs })
  }
  if (entries.length > 0)
    await applyBlueprint(ctx, { name: 'Sample addresses', labels: {}, context: {}, entries }, {}, db)
  await writeSetting(db, WRITTEN, JSON.stringify(Object.fromEntries(written)))
}

function placesOf(addresses: SampleAddresses): ReadonlyArray<readonly [place: Place, address: string]> {
  return [
    [hostOf('sample', 'external_host', 'externalHost'), addresses.sampleExternal],
    [hostOf('sample', 'internal_host', 'internalHost'), addresses.sampleInternal],
    [hostOf('forward', 'external_host', 'externalHost'), addresses.forwardExternal],
    ...['proxy', 'ldap', 'radius'].map((name) => [coreOf(name), addresses.coreUrl] as const),
  ]
}

/** A host of a proxy provider. */
function hostOf(name: string, field: string, column: 'externalHost' | 'internalHost'): Place {
  return {
    model: 'authentik_providers_proxy.proxyprovider',
    name,
    field,
    async stored(db) {
      const [row] = await db
        .select({ host: proxyProviders[column] })
        .from(proxyProviders)
        .innerJoin(providers, eq(providers.id, proxyProviders.id))
        .where(eq(providers.name, name))
      return row?.host
    },
    attributes: async (_db, address) => ({ [field]: address }),
  }
}

/** The core's address in the config of an outpost. */
function coreOf(name: string): Place {
  const configOf = async (db: Database): Promise<JsonObject> => {
    const [row] = await db.select({ config: outposts.config }).from(outposts).where(eq(outposts.name, name))
    return isJsonObject(row?.config) ? row.config : {}
  }
  return {
    model: 'authentik_outposts.outpost',
    name,
    field: 'config.authentik_host',
    async stored(db) {
      const { authentik_host: host } = await configOf(db)
      return typeof host === 'string' ? host : undefined
    },
    attributes: async (db, authentik_host) => ({ config: { ...(await configOf(db)), authentik_host } }),
  }
}
