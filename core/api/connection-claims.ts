import { ForbiddenError } from '#core/http/http-errors.ts'
import { claimConnections } from '#core/store/connection-claims.ts'
import { connectionClaimFields } from '#schema/api/deployments.ts'
import { connectionClaim } from '#schema/deployment/claim.ts'
import { actionBody } from './checks.ts'
import { REPORT } from './connection-states.ts'
import { type Call, ok, type Reply, type Route, userOf } from './route.ts'

/** By which controllers agree which of them serves a service connection: one at a time (CT-11). */
export const connectionClaimsRoute: Route = {
  method: 'PUT',
  path: 'outposts/controller/claims/',
  operationId: 'outposts_controller_claims_update',
  access: { kind: 'objects', permission: REPORT },
  document: {
    request: { name: 'ConnectionClaimRequest', fields: connectionClaimFields },
    response: 'ConnectionClaims',
  },
  handle: claim,
}

async function claim(call: Call): Promise<Reply> {
  const { permissions } = userOf(call)
  if (permissions.objects(REPORT)?.length === 0) throw new ForbiddenError()
  const { connections, ...controller } = connectionClaim.parse(await actionBody(call, connectionClaimFields))
  const permitted = connections.filter((uuid) => permissions.on(REPORT, uuid))
  const { held, others } = await claimConnections(call.ctx.db, { ...controller, connections: permitted })
  return ok({ held, others: others.filter(({ connection }) => permissions.on(REPORT, connection)) })
}
