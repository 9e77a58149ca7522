import { eq } from 'drizzle-orm'
import { serviceConnections } from '#core/store/tables/outposts.ts'
import { localConnectionResource, serviceConnectionResource } from '#schema/api/outposts.ts'
import type { Binding } from './binding.ts'
import { connectionStateRoutes } from './connection-states.ts'
import { releaseConnection } from './deployments.ts'
import { dockerConnectionBinding } from './docker-connections.ts'
import { kubernetesConnectionBinding } from './kubernetes-connections.ts'
import { typesRoute } from './types-route.ts'

type ConnectionRow = typeof serviceConnections.$inferSelect

const base = serviceConnectionResource.model

const connectionBinding: Binding = {
  resource: serviceConnectionResource,
  tables: [serviceConnections],
  actions: [typesRoute(serviceConnectionResource.path, base), ...connectionStateRoutes],
}

const localConnectionBinding: Binding<ConnectionRow> = {
  resource: localConnectionResource,
  tables: [serviceConnections],
  base,
  kind: 'local',
  where: eq(serviceConnections.kind, 'local'),
  async deleting(_call, db, { uuid }) {
    await releaseConnection(db, uuid)
    return undefined
  },
}

/** Where controllers deploy outposts. What it takes to connect is written here, and shown nowhere. */
export const serviceConnectionBindings = [
  connectionBinding,
  dockerConnectionBinding,
  kubernetesConnectionBinding,
  localConnectionBinding,
] as unknown as readonly Binding[]
