import { eq } from 'drizzle-orm'
import type { Database } from '#core/store/database.ts'
import { ownerships } from '#core/store/tables/ownerships.ts'
import { ownershipResource } from '#schema/api/ownerships.ts'
import { permissionFor } from '#schema/api/resource.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type Binding, columnOf, propertyOf, type Row } from './binding.ts'
import { checkedValues } from './checks.ts'
import { type Call, requirePermission } from './route.ts'

/** Keeps the owner of an object whose key is another one now. */
export async function moveOwnership(db: Database, binding: Binding, before: Row, after: Row): Promise<void> {
  const [from, to] = [ownedName(binding, before), ownedName(binding, after)]
  if (from !== to) await db.update(ownerships).set({ object: to }).where(eq(ownerships.object, from))
}

export const ownershipsOf = (call: Call): Binding => call.registry.of(ownershipResource.model)!

/** What an ownership calls an object: its model, and its key as paths have it. */
export function ownedName(binding: Binding, row: Row): string {
  const { key, model } = binding.resource
  return `${model}/${String(row[propertyOf(columnOf(binding, key.field)!)])}`
}

/**
 * Whose the object is to be that a call makes: `?owner=…&source=…`, undefined without them. Made in the same
 * transaction, so that whoever loses the answer, or is ended before it comes, finds it as its own.
 */
export async function askedOwnership(call: Call): Promise<JsonObject | undefined> {
  const [owner, source] = [call.query.get('owner'), call.query.get('source')]
  if (owner === null && source === null) return undefined
  requirePermission(call, permissionFor('add', ownershipResource.model))
  const values = { owner: owner ?? '', source: source ?? '' }
  return checkedValues(call, ownershipsOf(call), values, { partial: true, own: undefined })
}
