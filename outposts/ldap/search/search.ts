import { readName } from '../codec/dn.ts'
import { encodeEntry, encodeResult, Operation, Scope, type SearchRequest } from '../codec/message.ts'
import { ResultCode } from '../codec/result-code.ts'
import type { Directory } from '../directory/directory.ts'
import { nearestAbove } from '../directory/directory.ts'
import { type Attribute, Entry } from '../directory/entry.ts'
import { compileFilter } from '../directory/match.ts'
import { encodeSelected, readSelection } from '../directory/select.ts'

/** Who searches. */
export interface Searcher {
  readonly userPk: number
  readonly seesEverything: boolean
  readonly userDn: string
}

export interface SearchLimits {
  readonly maxEntries: number
  readonly maxMs: number
  /** Monotonic, in ms. */
  now(): number
}

const CHECK_CLOCK_EVERY = 512

/** Answers a search over one directory: the entries found, then the result, as encoded messages. */
export function search(
  id: number,
  request: SearchRequest,
  directory: Directory,
  searcher: Searcher,
  limits: SearchLimits,
): Buffer[] {
  const done = (code: number, more: { matchedDn?: string; message?: string } = {}) =>
    encodeResult(id, Operation.searchResultDone, { code, ...more })
  const name = readName(request.base)
  if (name === undefined) return [done(ResultCode.invalidDnSyntax, { message: 'the base is not a distinguished name' })]
  if (request.scope > Scope.sub) return [done(ResultCode.protocolError, { message: 'unknown scope' })]
  const base = directory.get(name.key)
  if (base === undefined || !isVisible(base, searcher))
    return [done(ResultCode.noSuchObject, { matchedDn: nearestAbove(directory, name) })]
  const selection = readSelection(request.attributes, request.typesOnly)
  const found: Buffer[] = []
  const matches = compileFilter(request.filter, directory.knows)
  const maxEntries = Math.min(request.sizeLimit || limits.maxEntries, limits.maxEntries)
  const deadline = limits.now() + Math.min(request.timeLimit * 1000 || limits.maxMs, limits.maxMs)
  let looked = 0
  for (const entry of directory.candidates(base, request.scope, request.filter)) {
    if (++looked % CHECK_CLOCK_EVERY === 0 && limits.now() > deadline)
      return [...found, done(ResultCode.timeLimitExceeded)]
    const seen = asSeen(entry, searcher)
    if (seen === undefined || matches(seen) !== true) continue
    if (found.length >= maxEntries) return [...found, done(ResultCode.sizeLimitExceeded)]
    found.push(encodeEntry(id, seen.encoded.name, encodeSelected(seen, selection)))
  }
  return [...found, done(ResultCode.success)]
}

/** Answers a search that is about one special entry: the root DSE or the subschema. */
export function searchSpecial(id: number, request: SearchRequest, entry: Entry): Buffer[] {
  const matches = compileFilter(request.filter, () => true)
  const selection = readSelection(request.attributes, request.typesOnly)
  const found = request.scope === Scope.base && matches(entry) === true
  const answer = found ? [encodeEntry(id, entry.encoded.name, encodeSelected(entry, selection))] : []
  return [...answer, encodeResult(id, Operation.searchResultDone, { code: ResultCode.success })]
}

export function isVisible({ visibility }: Entry, { userPk, seesEverything }: Searcher): boolean {
  if (seesEverything || visibility.kind === 'everybody') return true
  return visibility.kind === 'user' ? visibility.userPk === userPk : visibility.userPks.has(userPk)
}

/**
 * The entry as this searcher sees it, undefined if not at all. Filters are evaluated on what is seen: a member of a
 * group who may not search learns of no other member, neither from the answer nor from whether there is one.
 */
export function asSeen(entry: Entry, searcher: Searcher): Entry | undefined {
  if (!isVisible(entry, searcher)) return undefined
  if (searcher.seesEverything || entry.visibility.kind !== 'members') return entry
  const reduced = new Map<string, Attribute>(entry.attributes)
  reduced.set('member', { name: 'member', values: [searcher.userDn] })
  return new Entry(entry.dn, reduced, entry.visibility)
}
