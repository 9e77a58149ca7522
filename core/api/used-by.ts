import { and, eq } from 'drizzle-orm'
import { appOf, modelNameOf } from '#schema/api/resource.ts'
import { type Binding, columnOf, keyOf, pkOf, propertyOf, type Row } from './binding.ts'
import { linkedTo } from './list-query.ts'
import { visibleRows } from './objects.ts'
import type { Call } from './route.ts'
import { selectRows } from './rows.ts'

/** An object that refers to another, and what becomes of it when that one is deleted. */
export interface UsedBy {
  readonly app: string
  readonly model_name: string
  readonly pk: string
  readonly name: string
  readonly action: string
}

const LIMIT = 1_000

/** The objects that refer to this one, as far as the caller may see them, and what would happen to each. */
export async function usedBy(call: Call, binding: Binding, row: Row): Promise<readonly UsedBy[]> {
  const { ctx, registry } = call
  const concrete = registry.concrete(binding, row)
  const models = new Set([concrete.resource.model, concrete.base ?? binding.resource.model])
  const key = row[propertyOf(keyOf(binding))]
  const users: UsedBy[] = []
  for (const { binding: other, name, field } of registry.referring(models)) {
    const link = other.links?.[name]
    const column = columnOf(other, name)
    const refers =
      link !== undefined
        ? linkedTo(other, link.own, eq(link.other, key))
        : column !== undefined
          ? eq(column, key)
          : undefined
    if (refers === undefined) continue
    const rows = await selectRows(ctx.db, other, { where: and(refers, visibleRows(other, call)), limit: LIMIT })
    const { model } = other.resource
    for (const each of rows)
      users.push({
        app: appOf(model),
        model_name: modelNameOf(model),
        pk: pkOf(other, each),
        name: nameOf(other, each),
        action: field.reference!.onDelete,
      })
  }
  return users
}

/** What people know a row by. */
export function nameOf(binding: Binding, row: Row): string {
  const name = row['name'] ?? row['username'] ?? row['identifier'] ?? pkOf(binding, row)
  return String(name === '' ? pkOf(binding, row) : name)
}
