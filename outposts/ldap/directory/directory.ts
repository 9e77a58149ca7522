import type { Name } from '../codec/dn.ts'
import type { Filter } from '../codec/filter.ts'
import { Scope } from '../codec/message.ts'
import { comparable, type Entry } from './entry.ts'
import { SCHEMA_ATTRIBUTES } from './subschema.ts'

/** Attributes whose equality finds entries without looking at every one. */
const INDEXED = ['cn', 'uid', 'mail', 'samaccountname', 'uidnumber', 'gidnumber', 'memberof', 'member']

/** An immutable directory with its indexes. */
export class Directory {
  readonly entries: readonly Entry[]
  readonly #byKey: ReadonlyMap<string, Entry>
  readonly #children: ReadonlyMap<string, readonly Entry[]>
  readonly #indexes: ReadonlyMap<string, ReadonlyMap<string, readonly Entry[]>>
  readonly #types: ReadonlySet<string>

  constructor(entries: readonly Entry[]) {
    this.entries = entries
    this.#byKey = new Map(entries.map((entry) => [entry.key, entry]))
    this.#children = Map.groupBy(entries, (entry) => parentOf(entry.key))
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
    const children = scope === Scope.one ? (this.#children.get(base.key) ?? []) : undefined
    const found = this.#indexed(filter)
    if (found === undefined) return children ?? (isRoot(base, this.entries) ? this.entries : this.#below(base))
    return found.filter((entry) => (scope === Scope.one ? parentOf(entry.key) === base.key : isBelow(entry, base)))
  }

  /** The entries that an equality of the filter allows; undefined if none of its equalities is indexed. */
  #indexed(filter: Filter): readonly Entry[] | undefined {
    if (filter.kind === 'equality') {
      const attribute = filter.attribute.toLowerCase()
      return this.#indexes.get(attribute) === undefined
        ? undefined
        : (this.#indexes.get(attribute)!.get(comparable(attribute, filter.value.toString('utf8'))) ?? [])
    }
    if (filter.kind === 'and') {
      let best: readonly Entry[] | undefined
      for (const each of filter.filters) {
        const found = this.#indexed(each)
        if (found !== undefined && (best === undefined || found.length < best.length)) best = found
      }
      return best
    }
    if (filter.kind !== 'or' || filter.filters.length === 0) return undefined
    const parts = filter.filters.map((each) => this.#indexed(each))
    return parts.every((part) => part !== undefined) ? [...new Set(parts.flat())] : undefined
  }

  *#below(base: Entry): Iterable<Entry> {
    for (const entry of this.entries) if (isBelow(entry, base)) yield entry
  }
}

const isRoot = (base: Entry, entries: readonly Entry[]) => entries[0] === base
const isBelow = (entry: Entry, base: Entry) => entry === base || entry.key.endsWith(`,${base.key}`)

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

function indexOf(entries: readonly Entry[], attribute: string): ReadonlyMap<string, readonly Entry[]> {
  const index = new Map<string, Entry[]>()
  for (const entry of entries)
    for (const value of entry.folded(attribute)) {
      const found = index.get(value)
      if (found === undefined) index.set(value, [entry])
      else found.push(entry)
    }
  return index
}
