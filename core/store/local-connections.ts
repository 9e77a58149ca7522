import { and, eq } from 'drizzle-orm'
import type { Database } from './database.ts'
import { readSetting, writeSetting } from './settings.ts'
import { serviceConnections } from './tables/outposts.ts'

const KINDS = ['docker', 'kubernetes'] as const
type DiscoverableKind = (typeof KINDS)[number]

const settingOf = (kind: DiscoverableKind) => `local_connection.${kind}`

/** Remembers for good that there is or was a local connection of the kind, in the transaction that writes it. */
export async function rememberLocal(
  db: Database,
  kind: DiscoverableKind,
  ...states: readonly ({ readonly local: boolean } | undefined)[]
): Promise<void> {
  if (states.some((state) => state?.local === true)) await writeSetting(db, settingOf(kind), 'true')
}

/**
 * The kinds of which controllers may make a connection to what they find on their own machine: those that this
 * installation never had a local one of. What people have deleted or changed does not come back.
 */
export async function discoverableKinds(db: Database): Promise<readonly DiscoverableKind[]> {
  const found: DiscoverableKind[] = []
  for (const kind of KINDS) {
    const isLocal = and(eq(serviceConnections.kind, kind), eq(serviceConnections.local, true))
    const here = await db.select({ uuid: serviceConnections.uuid }).from(serviceConnections).where(isLocal).limit(1)
    if (here.length === 0 && (await readSetting(db, settingOf(kind))) === undefined) found.push(kind)
  }
  return found
}
