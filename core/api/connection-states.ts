import { eq } from 'drizzle-orm'
import { ForbiddenError } from '#core/http/http-errors.ts'
import { controllersOf } from '#core/store/connection-claims.ts'
import { serviceConnectionStates } from '#core/store/tables/deployments.ts'
import { connectionStateFields } from '#schema/api/deployments.ts'
import { serviceConnectionResource } from '#schema/api/outposts.ts'
import { permissionFor } from '#schema/api/resource.ts'
import { connectionHealth } from '#schema/deployment/connection-health.ts'
import { connectionState } from '#schema/deployment/status.ts'
import { actionBody } from './checks.ts'
import { findVisible } from './objects.ts'
import { type Call, NO_CONTENT, ok, type Reply, type Route, userOf } from './route.ts'

/** To say how a service connection is: of controllers, who reach it. */
export const REPORT = 'authentik_outposts.report_outpostserviceconnection'

const path = `${serviceConnectionResource.path}{uuid}/state/`

/** The core reaches no service connection itself: it tells what the controller that does has told it. */
export const connectionStateRoutes: readonly Route[] = [
  {
    method: 'GET',
    path,
    operationId: 'outposts_service_connections_all_state_retrieve',
    access: { kind: 'objects', permission: permissionFor('view', serviceConnectionResource.model) },
    document: { response: 'ServiceConnectionState' },
    handle: tell,
  },
  {
    method: 'PUT',
    path,
    operationId: 'outposts_service_connections_all_state_update',
    access: { kind: 'objects', permission: REPORT },
    document: { request: { name: 'ServiceConnectionStateRequest', fields: connectionStateFields }, status: 204 },
    handle: report,
  },
]

const find = async (call: Call) =>
  String((await findVisible(call.registry.of(serviceConnectionResource.model)!, call))['uuid'])

async function tell(call: Call): Promise<Reply> {
  const { db, clock } = call.ctx
  const uuid = await find(call)
  const key = eq(serviceConnectionStates.uuid, uuid)
  const [row] = await db.select().from(serviceConnectionStates).where(key)
  const said = row === undefined ? undefined : { ...row, checkedAtMs: row.checkedAt.getTime() }
  const controller = (await controllersOf(db, [uuid])).get(uuid) ?? null
  return ok({ ...connectionHealth(said, clock.now()), checked_at: row?.checkedAt.toISOString() ?? null, controller })
}

async function report(call: Call): Promise<Reply> {
  const { permissions } = userOf(call)
  if (permissions.objects(REPORT)?.length === 0) throw new ForbiddenError()
  const uuid = await find(call)
  if (!permissions.on(REPORT, uuid)) throw new ForbiddenError()
  const said = connectionState.parse(await actionBody(call, connectionStateFields))
  const row = { ...said, checkedAt: new Date(call.ctx.clock.now()) }
  await call.ctx.db
    .insert(serviceConnectionStates)
    .values({ uuid, ...row })
    .onConflictDoUpdate({ target: serviceConnectionStates.uuid, set: row })
  return NO_CONTENT
}
