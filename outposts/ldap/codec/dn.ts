/** Distinguished names as text (RFC 4514). Two names are the same if and only if their canonical forms are. */

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
const HEX_PAIR = /^[0-9a-f]{2}/i

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
  const octets: number[] = []
  let kept = 0
  for (; position < text.length; position++) {
    const character = text[position]!
    if (character === ',' || character === '+' || character === ';') break
    if (character === '"' || character === '<' || character === '>' || character === '\u0000') return undefined
    if (character !== '\\') {
      const point = text.codePointAt(position)!
      octets.push(...Buffer.from(String.fromCodePoint(point)))
      if (point > 0xffff) position++
      if (character !== ' ') kept = octets.length
      continue
    }
    const rest = text.slice(position + 1, position + 3)
    if (HEX_PAIR.test(rest)) {
      octets.push(Number.parseInt(rest, 16))
      position += 2
    } else if (rest[0] !== undefined && ' "#+,;<=>\\'.includes(rest[0])) {
      octets.push(rest.charCodeAt(0))
      position++
    } else return undefined
    kept = octets.length
  }
  const value = Buffer.from(octets.slice(0, kept))
  const decoded = value.toString('utf8')
  return Buffer.from(decoded).equals(value) && !decoded.includes('\u0000')
    ? { value: decoded, end: position }
    : undefined
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
  return text.normalize('NFKC').toLowerCase().trim().replace(/ {2,}/g, ' ')
}

/** A name, read once: its canonical form, and that of every name above it. */
export interface Name {
  readonly rdns: readonly Rdn[]
  readonly key: string
  /** `keys[0]` is the name itself, the last one is that of the empty name. */
  readonly keys: readonly string[]
}

const MAX_REMEMBERED = 8_192
const remembered = new Map<string, Name | undefined>()

/** The name that a text is, undefined if it is none. The same few texts come again and again, so they are remembered. */
export function readName(text: string): Name | undefined {
  if (remembered.has(text)) return remembered.get(text)
  const rdns = parseDn(text)
  const name = rdns === undefined ? undefined : nameOf(rdns)
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
