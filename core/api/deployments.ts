import { eq, inArray } from 'drizzle-orm'
import { BadRequestError, ForbiddenError, NotFoundError, ValidationFailedError } from '#core/http/http-errors.ts'
import { controllersOf, isOthers } from '#core/store/connection-claims.ts'
import type { Database } from '#core/store/database.ts'
import { outpostDeployments } from '#core/store/tables/deployments.ts'
import { outposts, serviceConnections } from '#core/store/tables/outposts.ts'
import { deploymentResource } from '#schema/api/deployments.ts'
import { outpostResource } from '#schema/api/outposts.ts'
import { permissionFor } from '#schema/api/resource.ts'
import { deploymentRecord } from '#schema/deployment/status.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding } from './binding.ts'
import { actionBody } from './checks.ts'
import { newTroubles } from './deployment-troubles.ts'
import { type Call, ok, type Reply, userOf } from './route.ts'
import { toWire } from './wire.ts'
import { rowOf } from './write.ts'

type DeploymentRow = typeof outpostDeployments.$inferSelect

const CHANGE = permissionFor('change', deploymentResource.model)
const NAMED = 10

/** What controllers keep about deployments. No outpost depends on it, so it is not in the change feed. */
export const deploymentBinding: Binding<DeploymentRow> = {
  resource: deploymentResource,
  tables: [outpostDeployments],
  unrecorded: true,
  shownBy: [permissionFor('view', outpostResource.model)],
  async represent({ ctx }, rows) {
    const names = await controllersOf(
      ctx.db,
      rows.map(({ connection }) => connection),
    )
    const there = await existing(
      ctx.db,
      rows.map(({ outpost }) => outpost),
    )
    return rows.map(({ record, connection, outpost }) => ({
      ...record,
      controller: names.get(connection) ?? null,
      outpost_exists: there.has(outpost),
    }))
  },
  actions: [
    {
      method: 'PUT',
      path: `${deploymentResource.path}{outpost}/`,
      operationId: 'outposts_deployments_update',
      access: { kind: 'objects', permission: CHANGE },
      document: {
        request: { name: 'OutpostDeploymentRequest', fields: deploymentResource.fields },
        response: deploymentResource.name,
        query: { controller: 'text' },
      },
      handle: keep,
    },
  ],
}

/**
 * Keeps a record whether there was one or not, and whether its outpost is still there: what was made has to go. What has
 * begun to be wrong is told to auditors, once.
 */
async function keep(call: Call): Promise<Reply> {
  const outpost = call.params['outpost'] ?? ''
  const { permissions } = userOf(call)
  if (!permissions.on(CHANGE, outpost)) throw new ForbiddenError()
  if (!deploymentRecord.shape.outpost.safeParse(outpost).success) throw new NotFoundError()
  const values = await actionBody(call, deploymentResource.fields)
  const { outpost_name: outpostName, connection, ...rest } = deploymentRecord.parse({ ...values, outpost })
  const { outpost: _, ...record } = rest
  await call.ctx.db.transaction(async (tx) => {
    await requireConnection(tx, connection)
    await requireServing(tx, connection, call.query.get('controller'))
    const known = await tx
      .select()
      .from(outpostDeployments)
      .where(eq(outpostDeployments.outpost, outpost))
      .for('update')
    const troubles = newTroubles(known[0]?.record, record)
    if (troubles.length > 0) await tell(call, tx, { outpost, outpost_name: outpostName, troubles: [...troubles] })
    const row = { outpostName, connection, record }
    await tx
      .insert(outpostDeployments)
      .values({ outpost, ...row })
      .onConflictDoUpdate({ target: outpostDeployments.outpost, set: row })
  })
  const binding = call.registry.of(deploymentResource.model)!
  return ok((await toWire(call, binding, [await rowOf(call.ctx.db, binding, outpost)]))[0])
}

async function existing(db: Database, uuids: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await db
    .select({ uuid: outposts.uuid })
    .from(outposts)
    .where(inArray(outposts.uuid, [...uuids]))
  return new Set(found.map(({ uuid }) => uuid))
}

async function tell(call: Call, tx: Database, context: JsonObject): Promise<void> {
  const { id, username, email } = userOf(call).principal.user
  const user = { pk: id, username, email }
  const event = { action: 'system_task_exception', app: 'authentik.outposts', user, clientIp: call.clientIp, context }
  await call.ctx.events.record(event, tx)
}

/** What comes late from a controller that another has followed is not kept (CT-11). */
async function requireServing(tx: Database, connection: string, controller: string | null): Promise<void> {
  if (controller !== null && (await isOthers(tx, connection, controller)))
    throw new BadRequestError(409, 'Another controller serves the service connection.')
}

/** The connection stays as long as the transaction runs: whoever deletes it meanwhile sees the record. */
async function requireConnection(tx: Database, uuid: string): Promise<void> {
  const found = await tx
    .select({ uuid: serviceConnections.uuid })
    .from(serviceConnections)
    .where(eq(serviceConnections.uuid, uuid))
    .for('key share')
  if (found.length === 0)
    throw new ValidationFailedError({ connection: [`Invalid pk "${uuid}" - object does not exist.`] })
}

/** Refuses to let go of a connection through which something is deployed; records of nothing go with it. */
export async function releaseConnection(db: Database, uuid: string): Promise<void> {
  const ofConnection = eq(outpostDeployments.connection, uuid)
  const records = await db.select().from(outpostDeployments).where(ofConnection).orderBy(outpostDeployments.outpostName)
  const held = records.filter(({ record }) => record.inventory.length > 0).map(({ outpostName }) => outpostName)
  if (held.length === 0) {
    await db.delete(outpostDeployments).where(ofConnection)
    return
  }
  const names = held.slice(0, NAMED).map((name) => `"${name}"`)
  const more = held.length > NAMED ? ` and ${held.length - NAMED} more` : ''
  throw new ValidationFailedError({
    non_field_errors: [
      `There are objects of outposts behind this service connection: ${names.join(', ')}${more}. ` +
        'Give these outposts another service connection or none: the controller removes what it made, then this one ' +
        'can be deleted. If it cannot be reached any more, delete their deployments; what was made stays there.',
    ],
  })
}
