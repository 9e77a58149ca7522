import { applicationResource } from '#schema/api/applications.ts'
import type { Field } from '#schema/api/field.ts'
import { outpostResource } from '#schema/api/outposts.ts'
import { ldapProviderResource, proxyProviderResource, radiusProviderResource } from '#schema/api/providers.ts'
import type { Resource } from '#schema/api/resource.ts'

export const GROUP = 'martello.io'
export const API_VERSION = `${GROUP}/v1alpha1`
/** Keeps a custom resource until what it made in the core is gone. */
export const FINALIZER = `${GROUP}/core-object`

export const KIND_NAMES = ['ProxyProvider', 'LdapProvider', 'RadiusProvider', 'Application', 'Outpost'] as const
export type KindName = (typeof KIND_NAMES)[number]
export const PROVIDER_KINDS = ['ProxyProvider', 'LdapProvider', 'RadiusProvider'] as const

/** A kind of custom resource: the same declaration as that of the API, with names in place of keys. */
export interface CustomKind {
  readonly kind: KindName
  readonly plural: string
  readonly resource: Resource
  /** Fields that are the name of the custom resource unless its spec says otherwise; the core has each of them once. */
  readonly named: readonly string[]
  /** Fields that may be left out here although the API wants them. */
  readonly optional: Readonly<Record<string, unknown>>
  /** A setting in a field that is always the namespace of the custom resource: what is made elsewhere is others'. */
  readonly confined?: { readonly field: string; readonly setting: string }
  /** Says who may use it. */
  readonly hasAccess: boolean
  /** Columns of `kubectl get` beside those of every kind: name and JSONPath. */
  readonly columns: Readonly<Record<string, string>>
}

const kindOf = (
  kind: KindName,
  resource: Resource,
  rest: Partial<Omit<CustomKind, 'kind' | 'resource'>> = {},
): CustomKind => ({
  kind,
  plural: `${kind.toLowerCase()}s`,
  resource,
  named: ['name'],
  optional: {},
  hasAccess: false,
  columns: {},
  ...rest,
})

/** In the order in which they refer to one another. */
export const CUSTOM_KINDS: readonly CustomKind[] = [
  kindOf('ProxyProvider', proxyProviderResource, { columns: { Mode: '.spec.mode', Host: '.spec.externalHost' } }),
  kindOf('LdapProvider', ldapProviderResource, { columns: { 'Base DN': '.spec.baseDn' } }),
  kindOf('RadiusProvider', radiusProviderResource, { columns: { Networks: '.spec.clientNetworks' } }),
  kindOf('Application', applicationResource, {
    named: ['slug', 'name'],
    hasAccess: true,
    columns: { Provider: '.spec.provider.name' },
  }),
  kindOf('Outpost', outpostResource, {
    optional: { config: {} },
    confined: { field: 'config', setting: 'kubernetes_namespace' },
    columns: { Type: '.spec.type', Instances: '.status.instances', Version: '.status.version' },
  }),
]

/** Objects of the core that specs know by their name. */
export interface NamedObjects {
  /** Of the list, below the API. */
  readonly path: string
  /** The field that is the name. */
  readonly by: 'name' | 'slug'
  /** In a sentence. */
  readonly noun: string
}

const NAMED: Readonly<Record<string, NamedObjects>> = {
  'authentik_flows.flow': { path: '/flows/instances/', by: 'slug', noun: 'flow' },
  'authentik_crypto.certificatekeypair': { path: '/crypto/certificatekeypairs/', by: 'name', noun: 'certificate' },
  'authentik_core.group': { path: '/core/groups/', by: 'name', noun: 'group' },
  'authentik_core.propertymapping': { path: '/propertymappings/all/', by: 'name', noun: 'property mapping' },
  'authentik_outposts.outpostserviceconnection': {
    path: '/outposts/service_connections/all/',
    by: 'name',
    noun: 'service connection',
  },
}
export const GROUPS = NAMED['authentik_core.group']!
export const ALL_NAMED: readonly NamedObjects[] = Object.values(NAMED)

/** What a property of a spec is. */
export type Form =
  /** What the API has. */
  | { readonly is: 'value' }
  | { readonly is: 'named'; readonly objects: NamedObjects; readonly many: boolean }
  /** Custom resources of the same namespace: `{kind, name}`. */
  | { readonly is: 'provider'; readonly many: boolean }
  /** A key of a Secret of the same namespace: `{name, key}`. */
  | { readonly is: 'secret' }

export interface Property {
  readonly name: string
  /** Of the API. */
  readonly field: string
  readonly declared: Field
  readonly form: Form
  readonly required: boolean
}

/** What the spec of a kind may say, by the names of its properties. */
export function propertiesOf({ resource, named, optional }: CustomKind): readonly Property[] {
  return Object.entries(resource.fields)
    .filter(([, { access }]) => access !== 'read-only')
    .map(([field, declared]) => {
      const form = formOf(declared)
      const required = declared.required && !named.includes(field) && !(field in optional)
      return { name: camelCase(field) + (form.is === 'secret' ? 'Ref' : ''), field, declared, form, required }
    })
}

function formOf({ secret, reference }: Field): Form {
  if (secret) return { is: 'secret' }
  if (reference === undefined) return { is: 'value' }
  const { model, many } = reference
  if (model === 'authentik_core.provider') return { is: 'provider', many }
  const objects = NAMED[model]
  if (objects === undefined) throw new TypeError(`no custom resource can refer to ${model}`)
  return { is: 'named', objects, many }
}

const camelCase = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
