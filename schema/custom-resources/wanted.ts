import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type CustomKind, GROUPS, type KindName, type NamedObjects, type Property, propertiesOf } from './kinds.ts'

export interface ResourceName {
  readonly kind: KindName
  readonly name: string
}

/** A key of a Secret, and the field of the API that it is for. */
export interface SecretKey {
  readonly field: string
  readonly name: string
  readonly key: string
}

/** How names become keys of the core; undefined for what is not there. */
export interface Lookup {
  named(objects: NamedObjects, name: string): unknown
  /** Of what a custom resource of the same namespace has made. */
  resource(name: ResourceName): unknown
}

/** What a custom resource says that its object in the core should be. */
export interface Wanted {
  /** Of the API; without secrets. */
  readonly values: JsonObject
  readonly secrets: readonly SecretKey[]
  /** The keys of groups whose members may use it; undefined for everyone. */
  readonly groups: readonly string[] | undefined
}

/** What a spec wants; or what it refers to that is not there, a sentence each; or what it may not say. */
export function wantedOf(
  custom: CustomKind,
  { name, namespace, spec }: { readonly name: string; readonly namespace: string; readonly spec: JsonObject },
  lookup: Lookup,
): Wanted | { readonly missing: readonly string[] } | { readonly forbidden: string } {
  const missing: string[] = []
  const find = (key: unknown, what: string): unknown => {
    if (key === undefined || key === null) missing.push(`${what} is not there`)
    return key
  }
  const values: Record<string, unknown> = { ...custom.optional }
  for (const field of custom.named) values[field] = name
  const secrets: SecretKey[] = []
  for (const property of propertiesOf(custom)) {
    const said = spec[property.name]
    if (said === undefined || said === null) continue
    if (property.form.is === 'secret')
      secrets.push({ field: property.field, ...(said as { name: string; key: string }) })
    else values[property.field] = keyed(property, said, lookup, find)
  }
  if (custom.confined !== undefined) {
    const { field, setting } = custom.confined
    const content = (values[field] ?? {}) as JsonObject
    if (content[setting] !== undefined && content[setting] !== namespace)
      return { forbidden: `${field}.${setting} can only be "${namespace}", the namespace of the custom resource` }
    values[field] = { ...content, [setting]: namespace }
  }
  const access = (spec['access'] ?? {}) as { groups?: readonly string[] }
  const groups = access.groups?.map((each) => String(find(lookup.named(GROUPS, each), `the group "${each}"`)))
  return missing.length > 0 ? { missing } : { values, secrets, groups }
}

type Find = (key: unknown, what: string) => unknown

/** Lists of keys in one order: the core knows none in them. */
function keyed({ form }: Property, said: unknown, lookup: Lookup, find: Find): unknown {
  const one = (each: unknown): unknown => {
    if (form.is === 'named')
      return find(lookup.named(form.objects, String(each)), `the ${form.objects.noun} "${String(each)}"`)
    const other = each as ResourceName
    return find(lookup.resource(other), `what ${other.kind} "${other.name}" makes`)
  }
  if (form.is !== 'named' && form.is !== 'provider') return said
  return form.many ? [...new Set((said as readonly unknown[]).map(one))].sort() : one(said)
}
