import { encodeAttributes } from '../codec/encode-response.ts'
import type { Entry } from './entry.ts'

/** Which attributes of an entry a search wants (RFC 4511 §4.5.1.8). */
export interface Selection {
  readonly all: boolean
  readonly operational: boolean
  readonly names: ReadonlySet<string>
  readonly typesOnly: boolean
}

const NO_ATTRIBUTES = '1.1'
const EMPTY = encodeAttributes([])

export function readSelection(attributes: readonly string[], typesOnly: boolean): Selection {
  const names = new Set(attributes.map((name) => name.split(';')[0]!.toLowerCase()))
  return { all: attributes.length === 0 || names.has('*'), operational: names.has('+'), names, typesOnly }
}

/** The PartialAttributeList of an entry. */
export function encodeSelected(entry: Entry, selection: Selection): Buffer {
  const { all, operational, names, typesOnly } = selection
  if (all && !operational && !typesOnly && names.size <= 1 && !names.has('entrydn')) return entry.encoded.all
  if (names.size === 1 && names.has(NO_ATTRIBUTES)) return EMPTY
  const selected = [...entry.attributes((key) => all || names.has(key))]
  const isAsked = (name: string) => operational || names.has(name)
  if (isAsked('entrydn') && entry.dn !== '') selected.push({ name: 'entryDN', values: [entry.dn] })
  if (isAsked('subschemasubentry') && !entry.has('subschemasubentry'))
    selected.push({ name: 'subschemaSubentry', values: ['cn=subschema'] })
  return encodeAttributes(typesOnly ? selected.map(({ name }) => ({ name, values: [] })) : selected)
}
