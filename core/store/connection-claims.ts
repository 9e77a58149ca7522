import { and, eq, gt, inArray, lt, ne, notInArray, sql } from 'drizzle-orm'
import { CLAIM_MS, type ConnectionClaim, type ConnectionClaims } from '#schema/deployment/claim.ts'
import type { Database } from './database.ts'
import { connectionClaims, controllers } from './tables/controllers.ts'
import { serviceConnections } from './tables/outposts.ts'

/**
 * Gives a controller those of the connections that no other serves, for another while, and takes those from it that it does
 * not ask for. Times are the database's: replicas of the core need not agree on one. A renewal writes one row, however
 * many connections there are.
 */
export async function claimConnections(db: Database, claim: ConnectionClaim): Promise<ConnectionClaims> {
  return db.transaction(async (tx) => {
    await tx.delete(controllers).where(and(lt(controllers.until, sql`now()`), ne(controllers.id, claim.controller)))
    if (claim.connections.length === 0) await tx.delete(controllers).where(eq(controllers.id, claim.controller))
    else await take(tx, claim)
    const rows = await tx
      .select({ connection: connectionClaims.connection, id: controllers.id, name: controllers.name })
      .from(connectionClaims)
      .innerJoin(controllers, eq(connectionClaims.controller, controllers.id))
    const [own, others] = [true, false].map((isOwn) => rows.filter(({ id }) => (id === claim.controller) === isOwn))
    return {
      held: own!.map(({ connection }) => connection),
      others: others!.map(({ connection, name }) => ({ connection, name })),
    }
  })
}

async function take(tx: Database, { controller: id, name, connections: wanted }: ConnectionClaim): Promise<void> {
  const row = { name, until: sql`now() + ${CLAIM_MS} * interval '1 millisecond'` }
  await tx
    .insert(controllers)
    .values({ id, ...row })
    .onConflictDoUpdate({ target: controllers.id, set: row })
  const { connection, controller } = connectionClaims
  await tx.delete(connectionClaims).where(and(eq(controller, id), notInArray(connection, wanted)))
  const claimed = tx
    .select({ connection: serviceConnections.uuid, controller: sql<string>`${id}`.as('controller') })
    .from(serviceConnections)
    .where(inArray(serviceConnections.uuid, wanted))
    // Two controllers take several in one order.
    .orderBy(serviceConnections.uuid)
  await tx.insert(connectionClaims).select(claimed).onConflictDoNothing()
}

/** Whether another controller than this one serves the connection now. */
export async function isOthers(db: Database, connection: string, controller: string): Promise<boolean> {
  const rows = await db
    .select({ id: controllers.id })
    .from(connectionClaims)
    .innerJoin(controllers, eq(connectionClaims.controller, controllers.id))
    .where(
      and(
        eq(connectionClaims.connection, connection),
        ne(controllers.id, controller),
        gt(controllers.until, sql`now()`),
      ),
    )
  return rows.length > 0
}

/** The names of the controllers that serve these connections now, by connection. */
export async function controllersOf(db: Database, uuids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (uuids.length === 0) return new Map()
  const { connection, controller } = connectionClaims
  const rows = await db
    .select({ connection, name: controllers.name })
    .from(connectionClaims)
    .innerJoin(controllers, eq(controller, controllers.id))
    .where(and(inArray(connection, [...uuids]), gt(controllers.until, sql`now()`)))
  return new Map(rows.map((row) => [row.connection, row.name]))
}
