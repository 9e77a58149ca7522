import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { escapeValue, foldCase } from '../codec/dn.ts'
import { customAttribute, customKeys } from './custom-attributes.ts'
import { type Attribute, type EncodedEntry, Entry } from './entry.ts'
import type { Tree } from './tree.ts'

interface Line<T> {
  readonly name: string
  /** Undefined when an entry is without the attribute. */
  readonly read: (entry: T) => readonly string[] | undefined
}

/** How the attributes of a kind of entry are read, by lower-case name. */
export type Lines<T> = ReadonlyMap<string, Line<T>>

export function linesOf<T>(readers: Readonly<Record<string, Line<T>['read']>>): Lines<T> {
  return new Map(Object.entries(readers).map(([name, read]) => [name.toLowerCase(), { name, read }]))
}

/** The name of an entry right below another. */
export const nameBelow = (value: string, { dn }: Pick<Entry, 'dn'>): string => `cn=${escapeValue(value)},${dn}`

/** A value of a name in canonical form: the very same text if it is so already. */
export function canonicalValue(value: string): string {
  const canonical = escapeValue(foldCase(value))
  return canonical === value ? value : canonical
}

/** An entry made from an object of the core, and below that what the object's own attributes say. */
export abstract class DerivedEntry extends Entry {
  protected abstract readonly tree: Tree
  protected abstract readonly lines: Lines<this>
  protected abstract readonly custom: JsonObject
  /** Stands for `%s` in texts. */
  protected abstract readonly username: string | undefined

  keys(): readonly string[] {
    return [...new Set([...this.lines.keys(), ...this.customKeys()])]
  }

  customKeys(): readonly string[] {
    return customKeys(this.custom)
  }

  has(attribute: string): boolean {
    return this.get(attribute) !== undefined
  }

  get(attribute: string): Attribute | undefined {
    const custom = customAttribute(this.custom, attribute, this.username)
    if (custom !== undefined) return custom
    const line = this.lines.get(attribute)
    const values = line?.read(this)
    return values && { name: line!.name, values }
  }

  get encoded(): EncodedEntry {
    return this.tree.encoded.of(this)
  }
}
