import type { Name } from '../codec/dn.ts'
import type { Filter } from '../codec/filter.ts'
import { Scope } from '../codec/message.ts'
import { comparable, type Entry } from './entry.ts'
import { SCHEMA_ATTRIBUTES } from './subschema.ts'
import { type Found, ValueIndex } from './value-index.ts'

/** Attributes whose equality finds entries without looking at every one. */
const INDEXED = ['cn', 'uid', 'mail', 'samaccountname', 'uidnumber', 'gidnumber', 'memberof']

/** An immutable directory with its indexes. */
export class Directory {
  readonly entries: readonly Entry[]
  readonly #byKey: ValueIndex
  readonly #children: ReadonlyMap<Entry | undefined, readonly Entry[]>
  readonly #indexes: ReadonlyMap<string, ValueIndex>
  readonly #types: ReadonlySet<string>

  constructor(entries: readonly Entry[]) {
    this.entries = entries
    this.#byKey = new ValueIndex(entries, ({ key }) => [key])
    this.#children = Map.groupBy(entries, (entry) => entry.parent)
    this.#indexes = new Map(
      INDEXED.map((attribute) => [attribute, new ValueIndex(entries, (entry) => entry.fold(attribute))]),
    )
    const types = new Set(SCHEMA_ATTRIBUTES)
    for (const entry of entries)
      for (const key of entry.customKeys()) if (!types.has(key) && entry.has(key)) types.add(key)
    this.#types = types
  }

  /** Whether the attribute type is recognized: in the schema, or on some entry. */
  readonly knows = (attribute: string): boolean => this.#types.has(attribute)

  /** The entry with this canonical name. */
  get(key: string): Entry | undefined {
    return this.#named(key).at(-1)
  }

  #named(key: string): readonly Entry[] {
    return this.#byKey
      .find(key)
      .entries()
      .filter((entry) => entry.key === key)
  }

  /** Entries in the scope that may match the filter; all that do match are among them. */
  candidates(base: Entry, scope: number, filter: Filter): Iterable<Entry> {
    if (scope === Scope.base) return [base]
    const children = scope === Scope.one ? (this.#children.get(base) ?? []) : undefined
    const found = this.#lookup(filter)
    if (found === undefined || found.size > this.entries.length)
      return children ?? (isRoot(base, this.entries) ? this.entries : this.#below(base))
    return found.entries().filter((entry) => (scope === Scope.one ? entry.parent === base : isWithin(entry, base)))
  }

  /** Where the entries are that an equality of the filter allows; undefined if none of its equalities is indexed. */
  #lookup(filter: Filter): Found | undefined {
    if (filter.kind === 'equality') {
      const attribute = filter.attribute.toLowerCase()
      const value = comparable(attribute, filter.value.toString('utf8'))
      if (attribute === 'member') return union(this.#named(value).map(({ memberships }) => listed(memberships)))
      return this.#indexes.get(attribute)?.find(value)
    }
    if (filter.kind !== 'and' && (filter.kind !== 'or' || filter.filters.length === 0)) return undefined
    const parts = filter.filters.map((each) => this.#lookup(each))
    const found = parts.filter((part) => part !== undefined)
    if (filter.kind === 'and')
      return found.length === 0 ? undefined : found.reduce((best, part) => (part.size < best.size ? part : best))
    return found.length < parts.length ? undefined : union(found)
  }

  *#below(base: Entry): Iterable<Entry> {
    for (const entry of this.entries) if (isWithin(entry, base)) yield entry
  }
}

const listed = (entries: readonly Entry[]): Found => ({ size: entries.length, entries: () => entries })

function union(parts: readonly Found[]): Found {
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    entries: () => [...new Set(parts.flatMap((part) => part.entries()))],
  }
}

function isWithin(entry: Entry, base: Entry): boolean {
  for (let at: Entry | undefined = entry; at !== undefined; at = at.parent) if (at === base) return true
  return false
}

const isRoot = (base: Entry, entries: readonly Entry[]) => entries[0] === base

/** The canonical name of the entry above: commas within values are escaped, so the first plain one separates. */
export function parentOf(key: string): string {
  for (let i = 0; i < key.length; i++) {
    if (key[i] === '\\') i++
    else if (key[i] === ',') return key.slice(i + 1)
  }
  return ''
}

/** The nearest name above this one that exists, as it is written there; empty if there is none. */
export function nearestAbove(directory: Directory, { keys }: Name): string {
  for (const key of keys.slice(1)) {
    const entry = directory.get(key)
    if (entry !== undefined) return entry.dn
  }
  return ''
}
