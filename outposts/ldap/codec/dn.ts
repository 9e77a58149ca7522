/** Distinguished names as text (RFC 4514). Two names are the same if and only if their canonical forms are. */
import { isUtf8 } from 'node:buffer'

export interface AttributeValue {
  /** Lower case. */
  readonly type: string
  readonly value: string
}

/** One RDN: usually one attribute value. */
export type Rdn = readonly AttributeValue[]

const MAX_CHARACTERS = 8_192
const MAX_RDNS = 64
const TYPE = /^(?:[a-z][a-z0-9-]*|\d+(?:\.\d+)*)$/i
const SPECIAL = /[\\,+;"<>\u0000]/g
const SEPARATORS = ',+;'
const ESCAPABLE = ' "#+,;<=>\\'
const HEX_PAIRS = /(?:\\[0-9a-f]{2})+/iy
const NOT_ASCII = /[^\u0000-\u007f]/

/** The RDNs of a name, most specific first; undefined if the text is not a name. The empty name has none. */
export function parseDn(text: string): readonly Rdn[] | undefined {
  if (text.length > MAX_CHARACTERS) return undefined
  if (text.trim() === '') return []
  const rdns: Rdn[] = []
  let rdn: AttributeValue[] = []
  for (let position = 0; ; ) {
    const equals = text.indexOf('=', position)
    const type = equals < 0 ? '' : text.slice(position, equals).trim()
    if (!TYPE.test(type)) return undefined
    const read = readValue(text, equals + 1)
    if (read === undefined) return undefined
    rdn.push({ type: type.toLowerCase(), value: read.value })
    const separator = text[read.end]
    if (separator !== '+') {
      rdns.push(rdn)
      rdn = []
      if (rdns.length > MAX_RDNS) return undefined
    }
    if (separator === undefined) return rdns
    position = read.end + 1
  }
}

/** The value that starts here, and where it ends; `;` separates like a comma (RFC 2253). */
function readValue(text: string, start: number): { value: string; end: number } | undefined {
  let position = start
  while (text[position] === ' ') position++
  // A value as BER in hex is not what any client sends for a name of ours.
  if (text[position] === '#') return undefined
  let value = ''
  /** Characters of the value without the blanks at its end, which count only when they are escaped. */
  let kept = 0
  for (;;) {
    SPECIAL.lastIndex = position
    const end = SPECIAL.exec(text)?.index ?? text.length
    value += text.slice(position, end)
    let last = value.length
    while (last > kept && value[last - 1] === ' ') last--
    kept = last
    const special = text[end]
    if (special === undefined || SEPARATORS.includes(special)) return { value: value.slice(0, kept), end }
    const escaped = special === '\\' ? readEscape(text, end) : undefined
    if (escaped === undefined) return undefined
    value += escaped.value
    kept = value.length
    position = escaped.end
  }
}

/** A character that would mean something else, or octets in hex: as many as follow each other, which must be UTF-8. */
function readEscape(text: string, start: number): { value: string; end: number } | undefined {
  const character = text[start + 1]
  if (character !== undefined && ESCAPABLE.includes(character)) return { value: character, end: start + 2 }
  HEX_PAIRS.lastIndex = start
  const pairs = HEX_PAIRS.exec(text)?.[0] ?? ''
  const octets = Buffer.from(pairs.replaceAll('\\', ''), 'hex')
  if (octets.length === 0 || octets.includes(0) || !isUtf8(octets)) return undefined
  return { value: octets.toString('utf8'), end: start + pairs.length }
}

/** A value as it may stand in a name. */
export function escapeValue(value: string): string {
  return value
    .replace(/[,+"\\<>;=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replaceAll('\u0000', '\\00')
}

/** The same text for every way to write a name: lower case, single blanks, sorted within an RDN. */
export function canonicalDn(rdns: readonly Rdn[]): string {
  return rdns.map(canonicalRdn).join(',')
}

function canonicalRdn(rdn: Rdn): string {
  return rdn
    .map(({ type, value }) => `${type}=${escapeValue(foldCase(value))}`)
    .sort()
    .join('+')
}

/** A text without the differences that caseIgnoreMatch ignores (RFC 4518). */
export function foldCase(text: string): string {
  const folded = (NOT_ASCII.test(text) ? text.normalize('NFKC') : text).toLowerCase().trim()
  return folded.includes('  ') ? folded.replace(/ {2,}/g, ' ') : folded
}

/** A name, read once: its canonical form, and that of every name above it. */
export interface Name {
  readonly rdns: readonly Rdn[]
  readonly key: string
  /** `keys[0]` is the name itself, the last one is that of the empty name. */
  readonly keys: readonly string[]
}

const MAX_REMEMBERED = 8_192
const MAX_REMEMBERED_CHARACTERS = 256
const remembered = new Map<string, Name>()

/** The name that a text is, undefined if it is none. The same few texts come again and again, so they are remembered. */
export function readName(text: string): Name | undefined {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const rdns = parseDn(text)
  if (rdns === undefined) return undefined
  const name = nameOf(rdns)
  if (text.length > MAX_REMEMBERED_CHARACTERS) return name
  if (remembered.size >= MAX_REMEMBERED) remembered.clear()
  remembered.set(text, name)
  return name
}

function nameOf(rdns: readonly Rdn[]): Name {
  const keys = ['']
  for (const rdn of [...rdns].reverse())
    keys.unshift(keys[0] === '' ? canonicalRdn(rdn) : `${canonicalRdn(rdn)},${keys[0]}`)
  return { rdns, key: keys[0]!, keys }
}

/** Whether the name is `base` or below it, component by component. */
export function isWithin(name: Name, base: Name): boolean {
  return name.keys[name.rdns.length - base.rdns.length] === base.key
}
