import { foldCase } from '../codec/dn.ts'
import type { Filter } from '../codec/filter.ts'
import { Oid } from '../codec/oids.ts'
import { comparable, type Entry } from './entry.ts'
import { Folded } from './folded.ts'

/** RFC 4511 §4.5.1.7: a filter is true, false, or undefined; only entries for which it is true are found. */
export type Truth = boolean | undefined

/** Evaluates a filter on entries; compiled once for each search, so that values are folded once. */
export type Matcher = (entry: Entry) => Truth

/** `knows` says whether an attribute type is recognized; assertions about others are undefined. */
export function compileFilter(filter: Filter, knows: (attribute: string) => boolean, folded = new Folded()): Matcher {
  switch (filter.kind) {
    case 'and':
      return all(filter.filters.map((each) => compileFilter(each, knows, folded)))
    case 'or':
      return any(filter.filters.map((each) => compileFilter(each, knows, folded)))
    case 'not': {
      const inner = compileFilter(filter.filter, knows, folded)
      return (entry) => {
        const truth = inner(entry)
        return truth === undefined ? undefined : !truth
      }
    }
    case 'extensible':
      return compileExtensible(filter, knows, folded)
    default: {
      const attribute = typeOf(filter.attribute)
      if (!knows(attribute)) return () => undefined
      return compileAssertion(filter, attribute, folded)
    }
  }
}

type Assertion = Extract<
  Filter,
  { readonly kind: 'equality' | 'greaterOrEqual' | 'lessOrEqual' | 'approx' | 'substrings' | 'present' }
>

function compileAssertion(filter: Assertion, attribute: string, folded: Folded): Matcher {
  switch (filter.kind) {
    case 'present':
      return (entry) => entry.has(attribute)
    case 'equality':
    case 'approx': {
      const wanted = comparable(attribute, filter.value.toString('utf8'))
      return (entry) => entry.holds(attribute, wanted)
    }
    case 'greaterOrEqual':
      return ordered(attribute, filter.value.toString('utf8'), folded, (order) => order >= 0)
    case 'lessOrEqual':
      return ordered(attribute, filter.value.toString('utf8'), folded, (order) => order <= 0)
    case 'substrings':
      return compileSubstrings(filter, attribute, folded)
    default:
      return filter satisfies never
  }
}

/** Without options such as `;binary`, which nothing here has. */
function typeOf(description: string): string {
  const end = description.indexOf(';')
  return (end < 0 ? description : description.slice(0, end)).toLowerCase()
}

function all(matchers: readonly Matcher[]): Matcher {
  return (entry) => {
    let result: Truth = true
    for (const matcher of matchers) {
      const truth = matcher(entry)
      if (truth === false) return false
      if (truth === undefined) result = undefined
    }
    return result
  }
}

function any(matchers: readonly Matcher[]): Matcher {
  return (entry) => {
    let result: Truth = false
    for (const matcher of matchers) {
      const truth = matcher(entry)
      if (truth === true) return true
      if (truth === undefined) result = undefined
    }
    return result
  }
}

function compileSubstrings(
  filter: Extract<Filter, { readonly kind: 'substrings' }>,
  attribute: string,
  folded: Folded,
): Matcher {
  const fold = (part: Buffer) => part.toString('utf8').normalize('NFKC').toLowerCase()
  const initial = filter.initial === undefined ? '' : fold(filter.initial)
  const final = filter.final === undefined ? '' : fold(filter.final)
  const middle = filter.any.map(fold)
  const matches = (value: string) => {
    if (!value.startsWith(initial) || !value.endsWith(final)) return false
    let position = initial.length
    for (const part of middle) {
      const at = value.indexOf(part, position)
      if (at < 0) return false
      position = at + part.length
    }
    return position <= value.length - final.length
  }
  return (entry) => {
    for (const value of folded.of(entry, attribute)) if (matches(value)) return true
    return false
  }
}

const NUMBER = /^-?\d{1,15}$/

/** integerOrderingMatch where both are whole numbers, else caseIgnoreOrderingMatch. */
function ordered(attribute: string, asserted: string, folded: Folded, holds: (order: number) => boolean): Matcher {
  const wanted = foldCase(asserted)
  const compare = (value: string) => {
    if (NUMBER.test(value) && NUMBER.test(wanted)) return Number(value) - Number(wanted)
    return value < wanted ? -1 : value > wanted ? 1 : 0
  }
  return (entry) => {
    for (const value of folded.of(entry, attribute)) if (holds(compare(value))) return true
    return false
  }
}

const EQUALITY_RULES = new Set([
  'caseignorematch',
  '2.5.13.2',
  'caseexactmatch',
  '2.5.13.5',
  'distinguishednamematch',
  '2.5.13.1',
  'integermatch',
  '2.5.13.14',
])

/** Equality by a named rule, and the two bit rules that directory clients use; any other rule is undefined. */
function compileExtensible(
  filter: Extract<Filter, { readonly kind: 'extensible' }>,
  knows: (attribute: string) => boolean,
  folded: Folded,
): Matcher {
  const { rule, attribute, value } = filter
  if (attribute === undefined || !knows(typeOf(attribute)) || filter.dnAttributes) return () => undefined
  const type = typeOf(attribute)
  const asserted = value.toString('utf8')
  if (rule === undefined || EQUALITY_RULES.has(rule.toLowerCase())) {
    const wanted = comparable(type, asserted)
    return (entry) => entry.holds(type, wanted)
  }
  if (!NUMBER.test(asserted) || (rule !== Oid.matchBitAnd && rule !== Oid.matchBitOr)) return () => undefined
  const bits = BigInt(asserted)
  const holds = (number: bigint) => (rule === Oid.matchBitAnd ? (number & bits) === bits : (number & bits) !== 0n)
  return (entry) => [...folded.of(entry, type)].some((text) => NUMBER.test(text) && holds(BigInt(text)))
}
