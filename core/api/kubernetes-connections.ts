import { ForbiddenError, ValidationFailedError } from '#core/http/http-errors.ts'
import { rememberLocal } from '#core/store/local-connections.ts'
import { kubernetesServiceConnections, serviceConnections } from '#core/store/tables/outposts.ts'
import { kubernetesConnectionResource, serviceConnectionResource } from '#schema/api/outposts.ts'
import { kubeconfigProblem } from '#schema/deployment/kubeconfig.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding } from './binding.ts'
import { releaseConnection } from './deployments.ts'
import { findVisible } from './objects.ts'
import { admitToSecret } from './reveal.ts'
import { revisionOf } from './revision-of.ts'
import { type Call, ok, type Reply, userOf } from './route.ts'
import { sealPlace } from './write.ts'

type KubernetesRow = typeof serviceConnections.$inferSelect & typeof kubernetesServiceConnections.$inferSelect

/** To be handed the credentials of a cluster: of controllers. */
export const VIEW_KUBECONFIG = 'authentik_outposts.view_kubernetesserviceconnection_kubeconfig'

export const kubernetesConnectionBinding: Binding<KubernetesRow> = {
  resource: kubernetesConnectionResource,
  tables: [serviceConnections, kubernetesServiceConnections],
  base: serviceConnectionResource.model,
  kind: 'kubernetes',
  prepare,
  represent: async (_call, rows) => rows.map(({ kubeconfig }) => ({ credentials_revision: revisionOf([kubeconfig]) })),
  async written(_call, db, { before, after }) {
    await rememberLocal(db, 'kubernetes', before, after)
    return undefined
  },
  async deleting(_call, db, row) {
    await rememberLocal(db, 'kubernetes', row)
    await releaseConnection(db, row.uuid)
    return undefined
  },
  actions: [
    {
      method: 'GET',
      path: `${kubernetesConnectionResource.path}{uuid}/view_kubeconfig/`,
      operationId: 'outposts_service_connections_kubernetes_view_kubeconfig_retrieve',
      access: { kind: 'objects', permission: VIEW_KUBECONFIG },
      document: { response: 'Kubeconfig' },
      handle: viewKubeconfig,
    },
  ],
}

async function prepare(call: Call, values: JsonObject, before: KubernetesRow | undefined): Promise<JsonObject> {
  const isLocal = (values['local'] ?? before?.local ?? false) === true
  const kubeconfig = (values['kubeconfig'] ?? (before === undefined ? {} : stored(call, before))) as JsonObject
  const isEmpty = Object.keys(kubeconfig).length === 0
  if (isEmpty && !isLocal) refuse('You can only use an empty kubeconfig when connecting to a local cluster.')
  const problem = isEmpty || values['kubeconfig'] === undefined ? undefined : kubeconfigProblem(kubeconfig)
  if (problem !== undefined) refuse(problem)
  return before === undefined ? { ...values, kubeconfig } : values
}

function refuse(problem: string): never {
  throw new ValidationFailedError({ kubeconfig: [problem] })
}

function stored({ ctx }: Call, { uuid, kubeconfig }: KubernetesRow): JsonObject {
  if (kubeconfig === '') return {}
  return JSON.parse(ctx.keys.unseal(kubeconfig, sealPlace(kubernetesServiceConnections.kubeconfig, uuid))) as JsonObject
}

/** For controllers alone: nobody else, superusers included, is ever shown a kubeconfig again (CT-12). */
async function viewKubeconfig(call: Call): Promise<Reply> {
  const { permissions, principal } = userOf(call)
  if (principal.user.type !== 'internal_service_account') throw new ForbiddenError()
  if (permissions.objects(VIEW_KUBECONFIG)?.length === 0) throw new ForbiddenError()
  const row = (await findVisible(call.registry.of(kubernetesConnectionResource.model)!, call)) as KubernetesRow
  await admitToSecret(call, {
    permission: VIEW_KUBECONFIG,
    pk: row.uuid,
    app: 'authentik.outposts',
    context: { connection: row.uuid, name: row.name, type: 'kubernetes_credentials' },
  })
  return ok({ kubeconfig: stored(call, row) })
}
