/** Search filters (RFC 4511 §4.5.1.7) as a tree. They stay a tree: no filter is ever written as text and parsed again. */
import {
  type BerReader,
  BerTag,
  contextConstructedTag,
  contextTag,
  encodeBoolean,
  encodeText,
  encodeValue,
} from './ber.ts'
import { MalformedMessageError } from './malformed-message-error.ts'

export type Filter =
  | { readonly kind: 'and'; readonly filters: readonly Filter[] }
  | { readonly kind: 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | {
      readonly kind: 'equality' | 'greaterOrEqual' | 'lessOrEqual' | 'approx'
      readonly attribute: string
      readonly value: Buffer
    }
  | {
      readonly kind: 'substrings'
      readonly attribute: string
      readonly initial: Buffer | undefined
      readonly any: readonly Buffer[]
      readonly final: Buffer | undefined
    }
  | { readonly kind: 'present'; readonly attribute: string }
  | {
      readonly kind: 'extensible'
      readonly rule: string | undefined
      readonly attribute: string | undefined
      readonly value: Buffer
      readonly dnAttributes: boolean
    }

/** Terms and substring parts of one filter, and the octets of what they assert. */
const MAX_ELEMENTS = 1024
const MAX_ASSERTED_OCTETS = 256 * 1024
const MAX_DESCRIPTION_OCTETS = 256

const Tag = {
  and: contextConstructedTag(0),
  or: contextConstructedTag(1),
  not: contextConstructedTag(2),
  equality: contextConstructedTag(3),
  substrings: contextConstructedTag(4),
  greaterOrEqual: contextConstructedTag(5),
  lessOrEqual: contextConstructedTag(6),
  present: contextTag(7),
  approx: contextConstructedTag(8),
  extensible: contextConstructedTag(9),
} as const

interface Budget {
  elements: number
  octets: number
}

const newBudget = (): Budget => ({ elements: MAX_ELEMENTS, octets: MAX_ASSERTED_OCTETS })

function spend(budget: Budget): void {
  if (--budget.elements < 0) throw new MalformedMessageError(`filter of more than ${MAX_ELEMENTS} elements`)
}

/** AssertionValue, or a part of one. */
function readAsserted(reader: BerReader, budget: Budget, tag: number = BerTag.OctetString): Buffer {
  const octets = reader.octets(tag)
  budget.octets -= octets.length
  if (budget.octets < 0) throw new MalformedMessageError(`filter of more than ${MAX_ASSERTED_OCTETS} asserted octets`)
  return octets
}

/** AttributeDescription: not empty, of bounded length. */
export function readDescription(reader: BerReader, tag: number = BerTag.OctetString): string {
  const text = reader.text(tag)
  if (text.length === 0 || text.length > MAX_DESCRIPTION_OCTETS)
    throw new MalformedMessageError('attribute description of a strange length')
  return text
}

/** Reads one filter; throws MalformedMessageError for unknown kinds and above the limits. */
export function readFilter(reader: BerReader, budget: Budget = newBudget()): Filter {
  spend(budget)
  const tag = reader.nextTag
  switch (tag) {
    case Tag.and:
      return { kind: 'and', filters: readFilters(reader.enter(tag), budget) }
    case Tag.or:
      return { kind: 'or', filters: readFilters(reader.enter(tag), budget) }
    case Tag.not:
      return { kind: 'not', filter: readFilter(reader.enter(tag), budget) }
    case Tag.equality:
      return readAssertion('equality', reader.enter(tag), budget)
    case Tag.greaterOrEqual:
      return readAssertion('greaterOrEqual', reader.enter(tag), budget)
    case Tag.lessOrEqual:
      return readAssertion('lessOrEqual', reader.enter(tag), budget)
    case Tag.approx:
      return readAssertion('approx', reader.enter(tag), budget)
    case Tag.substrings:
      return readSubstrings(reader.enter(tag), budget)
    case Tag.present:
      return { kind: 'present', attribute: readDescription(reader, tag) }
    case Tag.extensible:
      return readExtensible(reader.enter(tag), budget)
    default:
      throw new MalformedMessageError('unknown filter')
  }
}

function readFilters(reader: BerReader, budget: Budget): Filter[] {
  const filters: Filter[] = []
  while (!reader.atEnd) filters.push(readFilter(reader, budget))
  return filters
}

type AssertionKind = 'equality' | 'greaterOrEqual' | 'lessOrEqual' | 'approx'

function readAssertion(kind: AssertionKind, reader: BerReader, budget: Budget): Filter {
  return { kind, attribute: readDescription(reader), value: readAsserted(reader, budget) }
}

function readSubstrings(reader: BerReader, budget: Budget): Filter {
  const attribute = readDescription(reader)
  const parts = reader.enter(BerTag.Sequence)
  let initial: Buffer | undefined
  let final: Buffer | undefined
  const any: Buffer[] = []
  if (parts.atEnd) throw new MalformedMessageError('substring filter without a part')
  while (!parts.atEnd) {
    spend(budget)
    const tag = parts.nextTag!
    const part = readAsserted(parts, budget, tag)
    if (final !== undefined) throw new MalformedMessageError('substring after the final one')
    if (tag === contextTag(0) && initial === undefined && any.length === 0) initial = part
    else if (tag === contextTag(1)) any.push(part)
    else if (tag === contextTag(2)) final = part
    else throw new MalformedMessageError('substrings out of order')
  }
  return { kind: 'substrings', attribute, initial, any, final }
}

function readExtensible(reader: BerReader, budget: Budget): Filter {
  const rule = reader.nextTag === contextTag(1) ? readDescription(reader, contextTag(1)) : undefined
  const attribute = reader.nextTag === contextTag(2) ? readDescription(reader, contextTag(2)) : undefined
  const value = readAsserted(reader, budget, contextTag(3))
  const dnAttributes = reader.nextTag === contextTag(4) && reader.boolean(contextTag(4))
  if (rule === undefined && attribute === undefined)
    throw new MalformedMessageError('extensible match without rule and attribute')
  return { kind: 'extensible', rule, attribute, value, dnAttributes }
}

/** How many terms and parts there are to evaluate. */
export function elementsOf(filter: Filter): number {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.filters.reduce((sum, each) => sum + elementsOf(each), 1)
    case 'not':
      return 1 + elementsOf(filter.filter)
    case 'substrings':
      return 1 + filter.any.length
    default:
      return 1
  }
}

export function encodeFilter(filter: Filter): Buffer {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return encodeValue(Tag[filter.kind], ...filter.filters.map(encodeFilter))
    case 'not':
      return encodeValue(Tag.not, encodeFilter(filter.filter))
    case 'equality':
    case 'greaterOrEqual':
    case 'lessOrEqual':
    case 'approx':
      return encodeValue(Tag[filter.kind], encodeText(filter.attribute), encodeValue(BerTag.OctetString, filter.value))
    case 'substrings': {
      const parts = filter.any.map((part) => encodeValue(contextTag(1), part))
      if (filter.initial !== undefined) parts.unshift(encodeValue(contextTag(0), filter.initial))
      if (filter.final !== undefined) parts.push(encodeValue(contextTag(2), filter.final))
      return encodeValue(Tag.substrings, encodeText(filter.attribute), encodeValue(BerTag.Sequence, ...parts))
    }
    case 'present':
      return encodeText(filter.attribute, Tag.present)
    case 'extensible':
      return encodeValue(
        Tag.extensible,
        filter.rule === undefined ? Buffer.alloc(0) : encodeText(filter.rule, contextTag(1)),
        filter.attribute === undefined ? Buffer.alloc(0) : encodeText(filter.attribute, contextTag(2)),
        encodeValue(contextTag(3), filter.value),
        filter.dnAttributes ? encodeBoolean(true, contextTag(4)) : Buffer.alloc(0),
      )
    default:
      return filter satisfies never
  }
}
