import { ValidationFailedError } from '#core/http/http-errors.ts'
import { filePathFields } from '#schema/api/pictures.ts'
import { operationPrefix, permissionFor, type Resource } from '#schema/api/resource.ts'
import { actionBody } from './checks.ts'
import { multipartForm } from './multipart.ts'
import { findVisible, requireOn } from './objects.ts'
import { type Access, type Call, ok, type Reply, type Route } from './route.ts'
import { update } from './write.ts'

/** How clients set the picture in a field of an object: by its address, or not at all; files are not stored here. */
export function pictureRoutes(resource: Resource, action: string, field: string): readonly Route[] {
  const { path, key, model } = resource
  const access: Access = { kind: 'objects', permission: permissionFor('change', model) }
  const route = (name: string, document: Route['document'], addressOf: (call: Call) => Promise<string>): Route => ({
    method: 'POST',
    path: `${path}{${key.parameter}}/${name}/`,
    operationId: `${operationPrefix(resource)}_${name}_create`,
    access,
    document: document ?? {},
    handle: (call) => setPicture(call, model, field, addressOf),
  })
  return [
    route(`${action}_url`, { request: { name: 'FilePathRequest', fields: filePathFields } }, async (call) =>
      String((await actionBody(call, filePathFields))['url']),
    ),
    route(action, {}, clearedOf),
  ]
}

async function setPicture(
  call: Call,
  model: string,
  field: string,
  addressOf: (call: Call) => Promise<string>,
): Promise<Reply> {
  const binding = call.registry.of(model)!
  requireOn(binding, call, 'change', await findVisible(binding, call))
  await update(call, binding, { [field]: await addressOf(call) })
  return ok({})
}

/** compat: the form that uploads a file elsewhere; here it can only take the picture away. */
async function clearedOf(call: Call): Promise<string> {
  const form = await multipartForm(call)
  if (form.get('clear') === 'true') return ''
  throw new ValidationFailedError({ file: ['Files are not stored here: give the address of the picture.'] })
}
