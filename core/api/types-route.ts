import { modelNameOf } from '#schema/api/resource.ts'
import { OWN, ok, type Route } from './route.ts'

/** What kinds of a polymorphic resource can be made, for a form that offers them. */
export function typesRoute(path: string, model: string): Route {
  return {
    method: 'GET',
    path: `${path}types/`,
    operationId: `${path.replaceAll('/', '_')}types_list`,
    access: OWN,
    document: { response: 'array:TypeCreate' },
    handle: async ({ registry }) =>
      ok(
        registry.kindsOf(registry.of(model)!).map(({ resource }) => ({
          name: resource.presentation!.verboseName,
          description: resource.presentation!.description,
          component: resource.presentation!.component,
          model_name: modelNameOf(resource.model),
        })),
      ),
  }
}
