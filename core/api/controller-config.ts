import { discoverableKinds } from '#core/store/local-connections.ts'
import { outpostResource } from '#schema/api/outposts.ts'
import { permissionFor } from '#schema/api/resource.ts'
import type { DeploymentContext } from '#schema/deployment/outpost.ts'
import { VERSION } from '#schema/version.ts'
import { requireSome } from './objects.ts'
import { type Call, ok, type Route } from './route.ts'

/** What the deployments of this core have in common. */
export function deploymentContext({ ctx }: Call): DeploymentContext {
  return { version: VERSION, imageTemplate: ctx.config.outposts.containerImageBase }
}

/** What controllers are told beside the outposts. */
export const controllerConfigRoute: Route = {
  method: 'GET',
  path: 'outposts/controller/config/',
  operationId: 'outposts_controller_config_retrieve',
  access: { kind: 'objects', permission: permissionFor('view', outpostResource.model) },
  document: { response: 'ControllerConfig' },
  async handle(call) {
    requireSome(call.registry.of(outpostResource.model)!, call, 'view')
    const { version, imageTemplate } = deploymentContext(call)
    const { discover } = call.ctx.config.outposts
    const discoverable = discover ? await discoverableKinds(call.ctx.db) : []
    return ok({ version, image_template: imageTemplate, discover, discoverable })
  },
}
