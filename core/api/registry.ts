import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { policyTargets } from '#core/store/tables/policies.ts'
import type { Field } from '#schema/api/field.ts'
import { type Binding, keyColumn, type Row } from './binding.ts'

/** All resources, and what is known across them: what a reference leads to, and what kind a row is. */
export class Registry {
  readonly bindings: readonly Binding[]
  readonly #byModel: ReadonlyMap<string, Binding>
  readonly #kinds = new Map<string, Map<string, Binding>>()

  constructor(bindings: readonly Binding[]) {
    this.bindings = bindings
    this.#byModel = new Map(bindings.map((binding) => [binding.resource.model, binding]))
    for (const binding of bindings)
      if (binding.base !== undefined && binding.kind !== undefined) {
        const kinds = this.#kinds.get(binding.base) ?? new Map<string, Binding>()
        this.#kinds.set(binding.base, kinds.set(binding.kind, binding))
      }
  }

  of(model: string): Binding | undefined {
    return this.#byModel.get(model)
  }

  /** The kinds of a polymorphic resource; none of any other. */
  kindsOf({ resource }: Binding): readonly Binding[] {
    return [...(this.#kinds.get(resource.model)?.values() ?? [])]
  }

  /** The resource that a row of a polymorphic one really is. */
  concrete(binding: Binding, row: Row): Binding {
    return this.#kinds.get(binding.resource.model)?.get(String(row['kind'])) ?? binding
  }

  /** The table that a reference leads to, and its key. */
  target(model: string): { readonly table: PgTable; readonly key: PgColumn } {
    const table = model === 'authentik_policies.policybindingmodel' ? policyTargets : this.of(model)?.tables[0]
    if (table === undefined) throw new TypeError(`nothing is known of ${model}`)
    return { table, key: keyColumn(table) }
  }

  /** Every field of every resource that refers to one of these models. */
  *referring(models: ReadonlySet<string>): Iterable<{ binding: Binding; name: string; field: Field }> {
    for (const binding of this.bindings) {
      if (this.kindsOf(binding).length > 0) continue
      for (const [name, field] of Object.entries(binding.resource.fields))
        if (field.reference !== undefined && models.has(field.reference.model)) yield { binding, name, field }
    }
  }
}
