import type { Name } from '../codec/dn.ts'
import { encodeEntry, encodeResult } from '../codec/encode-response.ts'
import { elementsOf } from '../codec/filter.ts'
import { Operation, Scope, type SearchRequest } from '../codec/message.ts'
import { ResultCode } from '../codec/result-code.ts'
import type { Directory } from '../directory/directory.ts'
import { nearestAbove } from '../directory/directory.ts'
import { type Entry, FixedEntry } from '../directory/entry.ts'
import { compileFilter } from '../directory/match.ts'
import { encodeSelected, readSelection } from '../directory/select.ts'

/** Who searches. */
export interface Searcher {
  readonly userPk: number
  readonly seesEverything: boolean
  /** The searcher's own entry. */
  readonly dn: string
}

export interface SearchLimits {
  readonly maxEntries: number
  readonly maxSearchMs: number
  /** Monotonic, in ms. */
  now(): number
}

export interface SearchContext {
  readonly directory: Directory
  /** What the request's base is. */
  readonly base: Name
  readonly searcher: Searcher
  readonly limits: SearchLimits
}

/** Encoded messages, part by part; the last part is what the iteration returns. */
export type Parts = Generator<Buffer[], Buffer[]>

/** A part ends after so many elements of the filter were evaluated: about a millisecond. */
const PART_EVALUATIONS = 20_000
const PART_OCTETS = 64 * 1024

/** Answers a search over one directory: the entries found, then the result. */
export function* search(id: number, request: SearchRequest, context: SearchContext): Parts {
  const { directory, base: name, searcher, limits } = context
  const done = (code: number, more: { matchedDn?: string; message?: string } = {}) =>
    encodeResult(id, Operation.searchResultDone, { code, ...more })
  if (request.scope > Scope.sub) return [done(ResultCode.protocolError, { message: 'unknown scope' })]
  const base = directory.get(name.key)
  if (base === undefined || !isVisible(base, searcher))
    return [done(ResultCode.noSuchObject, { matchedDn: nearestAbove(directory, name) })]
  const selection = readSelection(request.attributes, request.typesOnly)
  const matches = compileFilter(request.filter, directory.knows)
  const cost = elementsOf(request.filter)
  const maxEntries = Math.min(request.sizeLimit || limits.maxEntries, limits.maxEntries)
  const deadline = limits.now() + Math.min(request.timeLimit * 1000 || limits.maxSearchMs, limits.maxSearchMs)
  let [found, evaluated, octets] = [0, 0, 0]
  let part: Buffer[] = []
  for (const entry of directory.candidates(base, request.scope, request.filter)) {
    if (evaluated >= PART_EVALUATIONS || octets >= PART_OCTETS) {
      yield part
      ;[part, evaluated, octets] = [[], 0, 0]
      if (limits.now() > deadline) return [done(ResultCode.timeLimitExceeded)]
    }
    evaluated += cost
    const seen = asSeen(entry, searcher)
    if (seen === undefined || matches(seen) !== true) continue
    if (++found > maxEntries) return [...part, done(ResultCode.sizeLimitExceeded)]
    const encoded = encodeEntry(id, seen.encoded.name, encodeSelected(seen, selection))
    octets += encoded.length
    part.push(encoded)
  }
  part.push(done(ResultCode.success))
  return part
}

/** Answers a search that is about one special entry: the root DSE or the subschema. */
export function searchSpecial(id: number, request: SearchRequest, entry: Entry): Buffer[] {
  const matches = compileFilter(request.filter, () => true)
  const selection = readSelection(request.attributes, request.typesOnly)
  const found = request.scope === Scope.base && matches(entry) === true
  const answer = found ? [encodeEntry(id, entry.encoded.name, encodeSelected(entry, selection))] : []
  return [...answer, encodeResult(id, Operation.searchResultDone, { code: ResultCode.success })]
}

export function isVisible(entry: Entry, { userPk, seesEverything }: Searcher): boolean {
  if (seesEverything) return true
  const { visibility } = entry
  if (visibility.kind === 'everybody') return true
  return visibility.kind === 'user' ? visibility.userPk === userPk : visibility.userPks.includes(userPk)
}

/**
 * The entry as this searcher sees it, undefined if not at all. Filters are evaluated on what is seen: a member of a
 * group who may not search learns of no other member, neither from the answer nor from whether there is one.
 */
export function asSeen(entry: Entry, searcher: Searcher): Entry | undefined {
  if (!isVisible(entry, searcher)) return undefined
  if (searcher.seesEverything) return entry
  const { visibility, parent } = entry
  if (visibility.kind !== 'members') return entry
  const others = entry.attributes((key) => key !== 'member')
  return new FixedEntry(entry.dn, [...others, { name: 'member', values: [searcher.dn] }], { visibility, parent })
}
