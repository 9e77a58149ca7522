import type { Field } from './field.ts'

export type Fields = Readonly<Record<string, Field>>

/** What a list can be narrowed by, when the name alone does not say: `field`, `field__iexact` or `relation__field` do. */
export type FilterType = 'text' | 'texts' | 'boolean' | 'integer' | 'integers' | 'uuid' | 'uuids'

export type Operation = 'list' | 'retrieve' | 'create' | 'update' | 'partial_update' | 'destroy' | 'used_by'

/** How a form of the API's users presents the resource; every kind of a polymorphic one says so on each object. */
export interface Presentation {
  readonly component: string
  readonly verboseName: string
  readonly verboseNamePlural: string
  readonly description: string
}

/**
 * A REST resource. From it follow types, validation, routes, lists, permissions, `used_by` and the OpenAPI document
 * (architecture, "A resource is declared once").
 */
export interface Resource {
  /** Below `/api/v3/`, with a slash at the end. */
  readonly path: string
  /** Name of the component in the OpenAPI document. */
  readonly name: string
  /** `<app>.<model>`: permissions, events, the change feed and references go by it. */
  readonly model: string
  /** The name of the key in paths, and the field that it is compared with. */
  readonly key: { readonly parameter: string; readonly field: string }
  readonly fields: Fields
  /** Fields that a list may be filtered by, with Django's suffixes. */
  readonly filters: readonly string[]
  readonly specialFilters: Readonly<Record<string, FilterType>>
  /** Fields in which `search` looks for its words. */
  readonly search: readonly string[]
  /** What a list is ordered by unless the client says otherwise. */
  readonly order: readonly string[]
  readonly operations: readonly Operation[]
  readonly presentation: Presentation | undefined
}

const ALL: readonly Operation[] = ['list', 'retrieve', 'create', 'update', 'partial_update', 'destroy', 'used_by']

/** An object that other parts make: it can be seen and deleted. */
export const NOT_WRITABLE: readonly Operation[] = ['list', 'retrieve', 'destroy', 'used_by']

type Optional = 'filters' | 'specialFilters' | 'search' | 'order' | 'operations' | 'presentation'

/** A resource with everything that it leaves open: every operation, and no filters. */
export function resource(declared: Omit<Resource, Optional> & Partial<Pick<Resource, Optional>>): Resource {
  return {
    filters: [],
    specialFilters: {},
    search: [],
    order: ['name'],
    operations: ALL,
    presentation: undefined,
    ...declared,
  }
}

/** `core/users/` gives `core_users`. */
export function operationPrefix({ path }: Resource): string {
  return path.replace(/\/$/, '').replaceAll('/', '_')
}

/** `authentik_core` of `authentik_core.user`. */
export function appOf(model: string): string {
  return model.slice(0, model.indexOf('.'))
}

/** `user` of `authentik_core.user`. */
export function modelNameOf(model: string): string {
  return model.slice(model.indexOf('.') + 1)
}

export type PermissionVerb = 'view' | 'add' | 'change' | 'delete'

/** `authentik_core.view_user`. */
export function permissionFor(verb: PermissionVerb, model: string): string {
  return `${appOf(model)}.${verb}_${modelNameOf(model)}`
}
