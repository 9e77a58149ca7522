import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { ForbiddenError, NotFoundError } from '#core/http/http-errors.ts'
import type { Database } from '#core/store/database.ts'
import { type PermissionVerb, permissionFor } from '#schema/api/resource.ts'
import { isUuid } from '#schema/kernel/ids.ts'
import { type Binding, columnOf, keyOf, pkOf, propertyOf, type Row } from './binding.ts'
import { type Call, userOf } from './route.ts'
import { selectRows } from './rows.ts'

const NOTHING = sql`false`

/** The rows that the caller may see: those that a permission or ownership covers; undefined means all. */
export function visibleRows(binding: Binding, call: Call): SQL | undefined {
  const { permissions, principal } = userOf(call)
  const showing = [permissionFor('view', binding.resource.model), ...(binding.shownBy ?? [])]
  if (showing.some((permission) => permissions.everywhere(permission))) return undefined
  const kinds = call.registry.kindsOf(binding)
  const ofKind = (kind: Binding) => permitted(permissionFor('view', kind.resource.model), keyOf(kind), call)
  const allowed = [
    ...showing.map((permission) => permitted(permission, keyOf(binding), call)),
    ...kinds.map((kind) => and(eq(columnNamed(binding, 'kind'), kind.kind), ofKind(kind))),
    binding.owner === undefined ? undefined : eq(binding.owner, principal.user.id),
  ]
  return or(...allowed.filter((each) => each !== undefined)) ?? NOTHING
}

function permitted(permission: string, key: PgColumn, call: Call): SQL {
  const objects = userOf(call).permissions.objects(permission)
  if (objects === undefined) return sql`true`
  return objects.length === 0
    ? NOTHING
    : inArray(
        key,
        objects.map((pk) => keyValue(key, pk)).filter((pk) => pk !== undefined),
      )
}

function columnNamed(binding: Binding, field: string): PgColumn {
  const column = columnOf(binding, field)
  if (column === undefined) throw new TypeError(`${binding.resource.model} has no column for ${field}`)
  return column
}

/** A key as its column takes it; undefined if no row can have it. */
export function keyValue(column: PgColumn, pk: string): string | number | undefined {
  if (column.getSQLType() === 'uuid') return isUuid(pk) ? pk : undefined
  if (column.dataType !== 'number') return pk.includes('\0') ? undefined : pk
  return /^\d{1,10}$/.test(pk) && Number(pk) < 2 ** 31 ? Number(pk) : undefined
}

/** The object that the path names, if the caller may see it; a NotFoundError otherwise. */
export async function findVisible(
  binding: Binding,
  call: Call,
  options: { readonly db?: Database; readonly lock?: boolean } = {},
): Promise<Row> {
  const { parameter, field } = binding.resource.key
  const column = columnNamed(binding, field)
  const value = keyValue(column, call.params[parameter] ?? '')
  if (value === undefined) throw new NotFoundError()
  const [row] = await selectRows(options.db ?? call.ctx.db, binding, {
    where: and(eq(column, value), visibleRows(binding, call)),
    limit: 1,
    lock: options.lock ?? false,
  })
  if (row === undefined) throw new NotFoundError()
  return row
}

/** Whether the caller may do this to any object at all: whoever may not is told so before it is looked for. */
export function requireSome(binding: Binding, call: Call, verb: PermissionVerb): void {
  if (binding.owner !== undefined) return
  const models = [binding, ...call.registry.kindsOf(binding)].map(({ resource }) => resource.model)
  const held = models.some((model) => userOf(call).permissions.objects(permissionFor(verb, model))?.length !== 0)
  if (!held) throw new ForbiddenError()
}

/** Refuses a caller who sees the object, but may not do this to it. */
export function requireOn(binding: Binding, call: Call, verb: PermissionVerb, row: Row): void {
  const { permissions, principal } = userOf(call)
  if (binding.owner !== undefined && row[propertyOf(binding.owner)] === principal.user.id) return
  const { model } = call.registry.concrete(binding, row).resource
  const pk = pkOf(binding, row)
  const held = [model, binding.resource.model].some((each) => permissions.on(permissionFor(verb, each), pk))
  if (!held) throw new ForbiddenError()
}
