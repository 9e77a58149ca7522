import { BerTag, encodeText, encodeValue } from '../codec/ber.ts'
import { canonicalDn, foldCase, parseDn } from '../codec/dn.ts'
import { encodeAttribute } from '../codec/encode-response.ts'

/** Whom an entry is shown to beside those who may search everything. */
export type Visibility =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'user'; readonly userPk: number }
  | { readonly kind: 'members'; readonly userPks: ReadonlySet<number> }

export interface Attribute {
  /** As it is written out. */
  readonly name: string
  readonly values: readonly string[]
}

/** An entry of the directory, ready to be sent: what is asked most is encoded once. */
export class Entry {
  readonly dn: string
  /** The name's canonical form. */
  readonly key: string
  readonly visibility: Visibility
  /** The entry above, in the directory that holds this one. */
  parent: Entry | undefined
  /** By lower-case name. */
  readonly attributes: ReadonlyMap<string, Attribute>
  #encoded: { readonly name: Buffer; readonly all: Buffer } | undefined
  #folded: Map<string, ReadonlySet<string>> | undefined

  constructor(dn: string, attributes: ReadonlyMap<string, Attribute>, visibility: Visibility) {
    this.dn = dn
    this.key = canonicalDn(parseDn(dn) ?? [])
    this.attributes = attributes
    this.visibility = visibility
  }

  /** Name and all user attributes, encoded. */
  get encoded(): { readonly name: Buffer; readonly all: Buffer } {
    this.#encoded ??= {
      name: encodeText(this.dn),
      all: encodeValue(
        BerTag.Sequence,
        ...[...this.attributes.values()].map(({ name, values }) => encodeAttribute(name, values)),
      ),
    }
    return this.#encoded
  }

  /** The values of an attribute as they are compared. */
  fold(attribute: string): ReadonlySet<string> {
    return new Set((this.attributes.get(attribute)?.values ?? []).map((value) => comparable(attribute, value)))
  }

  /** The same, remembered. */
  folded(attribute: string): ReadonlySet<string> {
    this.#folded ??= new Map()
    let values = this.#folded.get(attribute)
    if (values === undefined) {
      values = this.fold(attribute)
      this.#folded.set(attribute, values)
    }
    return values
  }
}

/** Attributes whose values are names. */
const DN_VALUED = new Set(['member', 'memberof', 'distinguishedname', 'entrydn', 'subschemasubentry', 'uniquemember'])

/** A value without the differences that its matching rule ignores: names in canonical form, texts without case. */
export function comparable(attribute: string, value: string): string {
  if (!DN_VALUED.has(attribute)) return foldCase(value)
  const rdns = parseDn(value)
  return rdns === undefined ? `\u0000${foldCase(value)}` : canonicalDn(rdns)
}
