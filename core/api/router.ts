import type { Router } from 'express'
import type { CoreContext } from '#core/context.ts'
import { connectionClaimsRoute } from './connection-claims.ts'
import { controllerConfigRoute } from './controller-config.ts'
import { flowTransferRoutes } from './flow-transfer.ts'
import { mount } from './mount.ts'
import { FEEDS, outpostFeedRoutes } from './outpost-feeds.ts'
import { outpostManifestRoute } from './outpost-manifest.ts'
import { Registry } from './registry.ts'
import { resourceRoutes } from './resource.ts'
import { BINDINGS } from './resources.ts'
import { revocationRoutes } from './revocations.ts'
import { rootRoutes } from './root.ts'
import type { Route } from './route.ts'
import { documentOf, schemaRoute } from './schema.ts'

/** Every route of the API; each says who may use it. */
export const API_ROUTES: readonly Route[] = [
  ...BINDINGS.flatMap(resourceRoutes),
  ...flowTransferRoutes,
  ...outpostFeedRoutes,
  ...revocationRoutes,
  controllerConfigRoute,
  connectionClaimsRoute,
  outpostManifestRoute,
  ...rootRoutes,
  schemaRoute(() => apiDocument()),
]

/** The OpenAPI document of the API. */
export const apiDocument = () => documentOf([...BINDINGS, ...FEEDS], API_ROUTES)

/** The REST API, to be mounted at `/api/v3`. */
export function apiRouter(ctx: CoreContext): Router {
  return mount(ctx, new Registry(BINDINGS), API_ROUTES)
}
