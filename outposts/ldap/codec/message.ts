/** LDAPMessage (RFC 4511 §4.1.1): how requests are decoded. */
import { BerReader, BerTag, contextConstructedTag, contextTag, countValues } from './ber.ts'
import { CONTROLS_TAG, type Control, readControls, readOid } from './controls.ts'
import { type Filter, readDescription, readFilter } from './filter.ts'
import { MalformedMessageError } from './malformed-message-error.ts'

/** Tags of the operations: `[APPLICATION n]`. */
export const Operation = {
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchResultEntry: 0x64,
  searchResultDone: 0x65,
  modifyRequest: 0x66,
  modifyResponse: 0x67,
  addRequest: 0x68,
  addResponse: 0x69,
  delRequest: 0x4a,
  delResponse: 0x6b,
  modDnRequest: 0x6c,
  modDnResponse: 0x6d,
  compareRequest: 0x6e,
  compareResponse: 0x6f,
  abandonRequest: 0x50,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
} as const

export const Scope = { base: 0, one: 1, sub: 2 } as const

const MAX_INTEGER = 2_147_483_647
/** Values of one message, at any depth: more than a search with as much of everything as there may be. */
const MAX_VALUES = 8_192
const MAX_ATTRIBUTES = 1_000

export interface SearchRequest {
  readonly kind: 'search'
  readonly base: string
  readonly scope: number
  readonly sizeLimit: number
  /** Seconds. */
  readonly timeLimit: number
  readonly typesOnly: boolean
  readonly filter: Filter
  readonly attributes: readonly string[]
}

export type Request =
  | {
      readonly kind: 'bind'
      readonly version: number
      readonly name: string
      readonly credentials:
        | { readonly kind: 'simple'; readonly password: Buffer }
        | { readonly kind: 'sasl' }
        | { readonly kind: 'unknown' }
    }
  | { readonly kind: 'unbind' }
  | SearchRequest
  | { readonly kind: 'compare'; readonly entry: string; readonly attribute: string; readonly value: Buffer }
  | { readonly kind: 'abandon'; readonly id: number }
  | { readonly kind: 'extended'; readonly oid: string; readonly value: Buffer | undefined }
  /** An operation that changes the directory; its content is not looked at. */
  | { readonly kind: 'write' }
  /** Something that makes no sense, in an envelope that is sound: it can be answered. */
  | { readonly kind: 'malformed'; readonly detail: string }

export interface Message {
  readonly id: number
  /** Of the operation. */
  readonly tag: number
  readonly request: Request
  readonly controls: readonly Control[]
}

/** The response that each request is answered with, by the request's tag. */
const RESPONSES: ReadonlyMap<number, number> = new Map([
  [Operation.bindRequest, Operation.bindResponse],
  [Operation.searchRequest, Operation.searchResultDone],
  [Operation.modifyRequest, Operation.modifyResponse],
  [Operation.addRequest, Operation.addResponse],
  [Operation.delRequest, Operation.delResponse],
  [Operation.modDnRequest, Operation.modDnResponse],
  [Operation.compareRequest, Operation.compareResponse],
  [Operation.extendedRequest, Operation.extendedResponse],
])

/** The tag of the response to a request with this tag; undefined if it is answered with none. */
export const responseTagOf = (requestTag: number): number | undefined => RESPONSES.get(requestTag)

/**
 * Decodes one whole message. Throws MalformedMessageError for what cannot be one: lengths that do not fit into each
 * other anywhere in it, no id, an operation that no client may ask for (RFC 4511 §4.1.1: the session ends then).
 */
export function decodeMessage(octets: Buffer): Message {
  const values = countValues(octets, MAX_VALUES + 1)
  const envelope = new BerReader(octets).enter(BerTag.Sequence)
  const id = envelope.integer(1, MAX_INTEGER)
  const tag = envelope.nextTag ?? 0
  try {
    if (values > MAX_VALUES) throw new MalformedMessageError(`message of more than ${MAX_VALUES} values`)
    const request = readRequest(envelope, tag)
    const controls = envelope.nextTag === CONTROLS_TAG ? readControls(envelope.enter(CONTROLS_TAG)) : []
    return { id, tag, request, controls }
  } catch (error) {
    if (!(error instanceof MalformedMessageError) || responseTagOf(tag) === undefined) throw error
    return { id, tag, request: { kind: 'malformed', detail: error.detail }, controls: [] }
  }
}

function readRequest(envelope: BerReader, tag: number): Request {
  switch (tag) {
    case Operation.bindRequest:
      return readBind(envelope.enter(tag))
    case Operation.unbindRequest:
      envelope.octets(tag)
      return { kind: 'unbind' }
    case Operation.searchRequest:
      return readSearch(envelope.enter(tag))
    case Operation.compareRequest: {
      const body = envelope.enter(tag)
      const entry = body.text()
      const assertion = body.enter(BerTag.Sequence)
      return { kind: 'compare', entry, attribute: readDescription(assertion), value: assertion.octets() }
    }
    case Operation.abandonRequest:
      return { kind: 'abandon', id: envelope.integer(0, MAX_INTEGER, tag) }
    case Operation.extendedRequest: {
      const body = envelope.enter(tag)
      const oid = readOid(body, contextTag(0))
      return { kind: 'extended', oid, value: body.nextTag === contextTag(1) ? body.octets(contextTag(1)) : undefined }
    }
    case Operation.modifyRequest:
    case Operation.addRequest:
    case Operation.delRequest:
    case Operation.modDnRequest:
      envelope.anything()
      return { kind: 'write' }
    default:
      throw new MalformedMessageError('unknown operation')
  }
}

function readBind(body: BerReader): Request {
  const version = body.integer(1, 127)
  const name = body.text()
  const simple = contextTag(0)
  if (body.nextTag === simple)
    return { kind: 'bind', version, name, credentials: { kind: 'simple', password: body.octets(simple) } }
  const isSasl = body.nextTag === contextConstructedTag(3)
  body.anything()
  return { kind: 'bind', version, name, credentials: { kind: isSasl ? 'sasl' : 'unknown' } }
}

function readSearch(body: BerReader): SearchRequest {
  const base = body.text()
  const scope = body.integer(0, 127, BerTag.Enumerated)
  body.integer(0, 3, BerTag.Enumerated)
  const sizeLimit = body.integer(0, MAX_INTEGER)
  const timeLimit = body.integer(0, MAX_INTEGER)
  const typesOnly = body.boolean()
  const filter = readFilter(body)
  const selection = body.enter(BerTag.Sequence)
  const attributes: string[] = []
  while (!selection.atEnd) {
    if (attributes.length === MAX_ATTRIBUTES) throw new MalformedMessageError(`more than ${MAX_ATTRIBUTES} attributes`)
    attributes.push(readDescription(selection))
  }
  return { kind: 'search', base, scope, sizeLimit, timeLimit, typesOnly, filter, attributes }
}
