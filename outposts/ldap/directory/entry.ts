import { encodeText } from '../codec/ber.ts'
import { canonicalDn, foldCase, parseDn } from '../codec/dn.ts'
import { encodeAttributes } from '../codec/encode-response.ts'

/** Whom an entry is shown to beside those who may search everything. */
export type Visibility =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'user'; readonly userPk: number }
  | { readonly kind: 'members'; readonly userPks: readonly number[] }

export interface Attribute {
  /** As it is written out. */
  readonly name: string
  readonly values: readonly string[]
}

/** Name and all user attributes of an entry, encoded. */
export interface EncodedEntry {
  readonly name: Buffer
  readonly all: Buffer
}

/** An entry of the directory. Most hold no more than what they are made from: attributes come to be when asked for. */
export abstract class Entry {
  abstract readonly dn: string
  /** The name's canonical form. */
  abstract readonly key: string
  abstract readonly visibility: Visibility
  /** The entry above, in the directory that holds this one. */
  abstract readonly parent: Entry | undefined

  /** The lower-case names of all attributes that it may have, in the order in which they are written out. */
  abstract keys(): Iterable<string>
  /** Those of them that the schema need not know. */
  abstract customKeys(): Iterable<string>
  /** The groups that name it as a member, in the order of the directory. */
  get memberships(): readonly Entry[] {
    return NONE
  }
  /** Whether it has the attribute, which may be without values. */
  abstract has(attribute: string): boolean
  /** The attribute with this lower-case name. */
  abstract get(attribute: string): Attribute | undefined
  abstract get encoded(): EncodedEntry

  /** All of them, or those with a wanted name. */
  *attributes(isWanted = (_key: string) => true): Iterable<Attribute> {
    for (const key of this.keys()) {
      const attribute = isWanted(key) ? this.get(key) : undefined
      if (attribute !== undefined) yield attribute
    }
  }

  /** The values of an attribute as they are compared. */
  fold(attribute: string): Iterable<string> {
    return (this.get(attribute)?.values ?? []).map((value) => comparable(attribute, value))
  }

  /** Whether one of these is the given one, which is as they are compared. */
  holds(attribute: string, wanted: string): boolean {
    for (const value of this.fold(attribute)) if (value === wanted) return true
    return false
  }
}

/** An entry of which there are few: it holds its attributes. */
export class FixedEntry extends Entry {
  readonly dn: string
  readonly key: string
  readonly visibility: Visibility
  readonly parent: Entry | undefined
  readonly #attributes: ReadonlyMap<string, Attribute>
  #encoded: EncodedEntry | undefined

  constructor(
    dn: string,
    attributes: Iterable<Attribute>,
    { visibility = EVERYBODY, parent }: { visibility?: Visibility; parent?: Entry | undefined } = {},
  ) {
    super()
    this.dn = dn
    this.key = canonicalDn(parseDn(dn) ?? [])
    this.visibility = visibility
    this.parent = parent
    this.#attributes = new Map([...attributes].map((attribute) => [attribute.name.toLowerCase(), attribute]))
  }

  keys(): Iterable<string> {
    return this.#attributes.keys()
  }

  customKeys(): Iterable<string> {
    return this.keys()
  }

  has(attribute: string): boolean {
    return this.#attributes.has(attribute)
  }

  get(attribute: string): Attribute | undefined {
    return this.#attributes.get(attribute)
  }

  get encoded(): EncodedEntry {
    this.#encoded ??= encodeWhole(this)
    return this.#encoded
  }
}

const EVERYBODY: Visibility = { kind: 'everybody' }
const NONE: readonly Entry[] = []

export function encodeWhole(entry: Entry): EncodedEntry {
  return { name: encodeText(entry.dn), all: encodeAttributes([...entry.attributes()]) }
}

/** Attributes whose values are names. */
const DN_VALUED = new Set(['member', 'memberof', 'distinguishedname', 'entrydn', 'subschemasubentry', 'uniquemember'])

/** A value without the differences that its matching rule ignores: names in canonical form, texts without case. */
export function comparable(attribute: string, value: string): string {
  if (!DN_VALUED.has(attribute)) return foldCase(value)
  const rdns = parseDn(value)
  return rdns === undefined ? `\u0000${foldCase(value)}` : canonicalDn(rdns)
}
