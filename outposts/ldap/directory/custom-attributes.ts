import { isJsonObject, type JsonObject } from '#schema/kernel/deep-merge.ts'
import type { Attribute } from './entry.ts'

/** Identity and access are the core's to state: an attribute of a user cannot take their place. */
const RESERVED = new Set([
  'cn',
  'uid',
  'samaccountname',
  'objectclass',
  'memberof',
  'member',
  'ak-active',
  'ak-superuser',
  'distinguishedname',
  'entrydn',
  'userpassword',
])

interface AttributeType {
  readonly name: string
  readonly key: string
}

const known = new Map<string, AttributeType | undefined>()
const MAX_KNOWN = 1_000

/** What an attribute of the core is called here, undefined if it cannot be shown. The same few come again and again. */
function typeOf(attribute: string): AttributeType | undefined {
  if (known.has(attribute)) return known.get(attribute)
  // compat: `/` becomes `-` and `.` goes.
  const name = attribute.replaceAll('/', '-').replaceAll('.', '')
  const key = name.toLowerCase()
  const type = /^[a-z][a-z0-9-]*$/.test(key) && !RESERVED.has(key) ? { name, key } : undefined
  if (known.size < MAX_KNOWN) known.set(attribute, type)
  return type
}

/** The lower-case names of those that can be shown. */
export function customKeys(attributes: JsonObject): readonly string[] {
  return Object.keys(attributes).flatMap((each) => typeOf(each)?.key ?? [])
}

/** What the core holds under this lower-case name; `%s` in a user's text is the username. Without a value it is none. */
export function customAttribute(
  attributes: JsonObject,
  key: string,
  username: string | undefined,
): Attribute | undefined {
  if (RESERVED.has(key)) return undefined
  let found: Attribute | undefined
  for (const each of Object.keys(attributes)) {
    const type = typeOf(each)
    if (type?.key !== key) continue
    const value = attributes[each]
    const values = (Array.isArray(value) ? value : [value]).flatMap((one) => textOf(one, username))
    if (values.length > 0) found = { name: type.name, values }
  }
  return found
}

function textOf(value: unknown, username: string | undefined): string[] {
  if (value === null || value === undefined || value === '') return []
  if (typeof value === 'string') return [username === undefined ? value : value.replaceAll('%s', username)]
  return isJsonObject(value) || Array.isArray(value) ? [JSON.stringify(value)] : [String(value)]
}

/** A number that an administrator has given, as text or as a number. */
export function numberOf(attributes: JsonObject, name: string): string | undefined {
  const value = attributes[name]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? value : undefined
}
