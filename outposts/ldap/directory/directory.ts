import type { Name } from '../codec/dn.ts'
import type { Filter } from '../codec/filter.ts'
import { Scope } from '../codec/message.ts'
import { comparable, Entry } from './entry.ts'
import { SCHEMA_ATTRIBUTES } from './subschema.ts'

/** Attributes whose equality finds entries without looking at every one. */
const INDEXED = ['cn', 'uid', 'mail', 'samaccountname', 'uidnumber', 'gidnumber', 'memberof', 'member']

/** An immutable directory with its indexes. */
export class Directory {
  readonly entries: readonly Entry[]
  readonly #byKey: ReadonlyMap<string, Entry>
  readonly #children: ReadonlyMap<Entry | undefined, readonly Entry[]>
  readonly #indexes: ReadonlyMap<string, Index>
  readonly #types: ReadonlySet<string>

  constructor(entries: readonly Entry[]) {
    this.entries = entries
    this.#byKey = new Map(entries.map((entry) => [entry.key, entry]))
    for (const entry of entries) entry.parent = this.#byKey.get(parentOf(entry.key))
    this.#children = Map.groupBy(entries, (entry) => entry.parent)
    this.#indexes = new Map(INDEXED.map((attribute) => [attribute, indexOf(entries, attribute)]))
    this.#types = new Set([...SCHEMA_ATTRIBUTES, ...entries.flatMap((entry) => [...entry.attributes.keys()])])
  }

  /** Whether the attribute type is recognized: in the schema, or on some entry. */
  readonly knows = (attribute: string): boolean => this.#types.has(attribute)

  /** The entry with this canonical name. */
  get(key: string): Entry | undefined {
    return this.#byKey.get(key)
  }

  /** Entries in the scope that may match the filter; all that do match are among them. */
  candidates(base: Entry, scope: number, filter: Filter): Iterable<Entry> {
    if (scope === Scope.base) return [base]
    const children = scope === Scope.one ? (this.#children.get(base) ?? []) : undefined
    const found = this.#lookup(filter)
    if (found === undefined || found.size > this.entries.length)
      return children ?? (isRoot(base, this.entries) ? this.entries : this.#below(base))
    const entries = found.lists.length === 1 ? found.lists[0]! : union(found.lists)
    return entries.filter((entry) => (scope === Scope.one ? entry.parent === base : isWithin(entry, base)))
  }

  /** Where the entries are that an equality of the filter allows; undefined if none of its equalities is indexed. */
  #lookup(filter: Filter): Lookup | undefined {
    if (filter.kind === 'equality') {
      const attribute = filter.attribute.toLowerCase()
      const index = this.#indexes.get(attribute)
      if (index === undefined) return undefined
      const found = index.get(comparable(attribute, filter.value.toString('utf8'))) ?? []
      const list = found instanceof Entry ? [found] : found
      return { size: list.length, lists: [list] }
    }
    if (filter.kind !== 'and' && (filter.kind !== 'or' || filter.filters.length === 0)) return undefined
    const parts = filter.filters.map((each) => this.#lookup(each))
    const found = parts.filter((part) => part !== undefined)
    if (filter.kind === 'and')
      return found.length === 0 ? undefined : found.reduce((best, part) => (part.size < best.size ? part : best))
    if (found.length < parts.length) return undefined
    return { size: found.reduce((sum, { size }) => sum + size, 0), lists: found.flatMap(({ lists }) => lists) }
  }

  *#below(base: Entry): Iterable<Entry> {
    for (const entry of this.entries) if (isWithin(entry, base)) yield entry
  }
}

/** Entries in lists of an index; `size` counts those that are in several as often. */
interface Lookup {
  readonly size: number
  readonly lists: ReadonlyArray<readonly Entry[]>
}

function union(lists: ReadonlyArray<readonly Entry[]>): readonly Entry[] {
  const all = new Set<Entry>()
  for (const list of lists) for (const entry of list) all.add(entry)
  return [...all]
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

/** Entries by a value of an attribute: mostly a single one, which is not worth a list. */
type Index = ReadonlyMap<string, Entry | readonly Entry[]>

function indexOf(entries: readonly Entry[], attribute: string): Index {
  const index = new Map<string, Entry | Entry[]>()
  // Not from the entry's memory: most are never compared with anything.
  for (const entry of entries)
    for (const value of entry.fold(attribute)) {
      const found = index.get(value)
      if (found === undefined) index.set(value, entry)
      else if (found instanceof Entry) index.set(value, [found, entry])
      else found.push(entry)
    }
  return index
}
