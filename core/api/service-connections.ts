import { eq } from 'drizzle-orm'
import { ValidationFailedError } from '#core/http/http-errors.ts'
import {
  dockerServiceConnections,
  kubernetesServiceConnections,
  serviceConnections,
} from '#core/store/tables/outposts.ts'
import {
  dockerConnectionResource,
  kubernetesConnectionResource,
  localConnectionResource,
  serviceConnectionResource,
} from '#schema/api/outposts.ts'
import { isJsonObject } from '#schema/kernel/deep-merge.ts'
import type { Binding } from './binding.ts'
import { findVisible } from './objects.ts'
import { ok } from './route.ts'
import { typesRoute } from './types-route.ts'

const base = serviceConnectionResource.model

/** Where controllers deploy outposts. What it takes to connect is written here, and shown nowhere. */
export const serviceConnectionBindings: readonly Binding[] = [
  {
    resource: serviceConnectionResource,
    tables: [serviceConnections],
    actions: [
      typesRoute('outposts/service_connections/all/', base),
      {
        method: 'GET',
        path: 'outposts/service_connections/all/{uuid}/state/',
        operationId: 'outposts_service_connections_all_state_retrieve',
        access: { kind: 'objects', permission: 'authentik_outposts.view_outpostserviceconnection' },
        document: { response: 'ServiceConnectionState' },
        // The controller that reaches the connection reports on it; the core itself reaches none but its own machine.
        handle: async (call) => {
          const { kind } = await findVisible(call.registry.of(base)!, call)
          return ok({ healthy: kind === 'local', version: '' })
        },
      },
    ],
  },
  {
    resource: dockerConnectionResource,
    tables: [serviceConnections, dockerServiceConnections],
    base,
    kind: 'docker',
  },
  {
    resource: kubernetesConnectionResource,
    tables: [serviceConnections, kubernetesServiceConnections],
    base,
    kind: 'kubernetes',
    async prepare(_call, values, before) {
      const kubeconfig = values['kubeconfig'] ?? (before === undefined ? {} : undefined)
      if (kubeconfig === undefined) return values
      const isLocal = (values['local'] ?? before?.['local'] ?? false) === true
      const isEmpty = isJsonObject(kubeconfig) && Object.keys(kubeconfig).length === 0
      if (isEmpty && !isLocal)
        throw new ValidationFailedError({
          kubeconfig: ['You can only use an empty kubeconfig when connecting to a local cluster.'],
        })
      const parts = ['clusters', 'users', 'contexts']
      if (!isEmpty && !(isJsonObject(kubeconfig) && parts.every((part) => Array.isArray(kubeconfig[part]))))
        throw new ValidationFailedError({ kubeconfig: ['Invalid kubeconfig'] })
      return { ...values, kubeconfig }
    },
  },
  {
    resource: localConnectionResource,
    tables: [serviceConnections],
    base,
    kind: 'local',
    where: eq(serviceConnections.kind, 'local'),
  },
]
