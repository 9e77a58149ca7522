import { z } from 'zod'
import type { CoreClient } from '#schema/client/request.ts'
import type { ConnectionState, DeploymentRecord } from '#schema/deployment/status.ts'
import { CoreRefusedError, CoreUnreachableError } from '#schema/kernel/errors.ts'
import { Secret } from '#schema/kernel/secret.ts'
import type { FleetOutpost } from './fleet-state.ts'

const keyShape = z.object({ key: z.string().min(1) })

/** The API key of an outpost's service account; rejects when it cannot be read. */
export async function readToken(core: CoreClient, { tokenIdentifier }: FleetOutpost): Promise<Secret> {
  const answer = await core.request({ path: `/core/tokens/${encodeURIComponent(tokenIdentifier)}/view_key/` })
  const parsed = keyShape.safeParse(answer.kind === 'ok' ? answer.body : undefined)
  if (!parsed.success) throw new CoreUnreachableError('the token of an outpost cannot be read', parsed.error)
  return new Secret(parsed.data.key)
}

/** Keeps what is known of a deployment in the core; refused when another controller serves the connection by now. */
export async function writeRecord(core: CoreClient, record: DeploymentRecord, controller: string): Promise<void> {
  const path = `/outposts/deployments/${record.outpost}/`
  await core.request({ method: 'PUT', path, query: { controller }, body: record })
}

/** Forgets a deployment of which nothing is left. */
export async function dropRecord(core: CoreClient, outpost: string): Promise<void> {
  try {
    await core.request({ method: 'DELETE', path: `/outposts/deployments/${outpost}/` })
  } catch (error) {
    if (!(error instanceof CoreRefusedError && error.status === 404)) throw error
  }
}

/** Tells the core how a service connection is. */
export async function writeConnectionState(
  core: CoreClient,
  connection: string,
  state: ConnectionState,
): Promise<void> {
  await core.request({ method: 'PUT', path: `/outposts/service_connections/all/${connection}/state/`, body: state })
}
