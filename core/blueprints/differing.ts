import { isDeepStrictEqual } from 'node:util'
import { type Binding, columnOf, keyOf, propertyOf, type Row } from '#core/api/binding.ts'
import type { Call } from '#core/api/route.ts'
import { linksOf } from '#core/api/rows.ts'
import { sealPlace } from '#core/api/write.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'

/** Those of the values that the object does not have yet, so that what is right already is not written again. */
export async function differing(call: Call, binding: Binding, row: Row, values: JsonObject): Promise<JsonObject> {
  const entries = Object.entries(values).map(
    async ([name, value]) => [name, value, await holds(call, binding, row, name, value)] as const,
  )
  const checked = await Promise.all(entries)
  return Object.fromEntries(checked.filter(([, , held]) => !held).map(([name, value]) => [name, value]))
}

async function holds({ ctx }: Call, binding: Binding, row: Row, name: string, value: unknown): Promise<boolean> {
  const key = row[propertyOf(keyOf(binding))]
  const link = binding.links?.[name]
  if (link !== undefined && Array.isArray(value)) {
    const linked = (await linksOf(ctx.db, link, [key])).get(key) ?? []
    return isDeepStrictEqual(new Set(value.map(String)), new Set(linked.map(String)))
  }
  const column = columnOf(binding, name)
  if (column === undefined) return false
  const stored = row[propertyOf(column)]
  if (binding.resource.fields[name]?.secret !== true && binding.sealed?.includes(name) !== true)
    return isDeepStrictEqual(asJson(stored), asJson(value))
  const plain = typeof stored === 'string' && stored !== '' ? ctx.keys.unseal(stored, sealPlace(column, key)) : ''
  return plain === (typeof value === 'string' ? value : JSON.stringify(value))
}

/** As the database gives it back: without the order of members, and times as text. */
const asJson = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))
