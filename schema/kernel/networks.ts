/** This machine and private networks (RFC 1918, RFC 4193, link-local): their forwarded headers are believed unless set. */
export const PRIVATE_NETWORKS = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  'fe80::/10',
]

/** An IPv4 or IPv6 network; IPv4 is held as IPv4-mapped IPv6, so one comparison serves both. */
export interface Network {
  readonly octets: Uint8Array
  /** Of the 128 bits. */
  readonly prefix: number
}

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

/** The 16 octets of an address (IPv4 as IPv4-mapped), undefined if the text is not an address. Zones are refused. */
export function parseAddress(text: string): Uint8Array | undefined {
  const v4 = parseV4(text)
  if (v4 !== undefined) return Uint8Array.from([...MAPPED_PREFIX, ...v4])
  return parseV6(text)
}

function parseV4(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return undefined
  const octets = parts.map(Number)
  return octets.every((octet) => octet <= 255) ? octets : undefined
}

function parseV6(text: string): Uint8Array | undefined {
  if (text.length > 45 || !text.includes(':')) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(groupsOf)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 16 - head.length - (tail?.length ?? 0)
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])])
}

function groupsOf(text: string): readonly number[] | undefined {
  if (text === '') return []
  const octets: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    const v4 = index === groups.length - 1 ? parseV4(group) : undefined
    if (v4 !== undefined) octets.push(...v4)
    else if (/^[0-9a-f]{1,4}$/i.test(group))
      octets.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff)
    else return undefined
  }
  return octets
}

/** `192.0.2.0/24`, `2001:db8::/32`, or a single address; undefined if it is not one of these. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', length, ...rest] = text.trim().split('/')
  const octets = parseAddress(address)
  if (octets === undefined || rest.length > 0) return undefined
  const bits = address.includes(':') ? 128 : 32
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const given = length === undefined ? bits : Number(length)
  if (given > bits) return undefined
  return { octets, prefix: given + 128 - bits }
}

/** Whether the address (16 octets) lies in the network. */
export function contains(network: Network, address: Uint8Array): boolean {
  const whole = network.prefix >> 3
  for (let i = 0; i < whole; i++) if (network.octets[i] !== address[i]) return false
  const rest = network.prefix & 7
  return rest === 0 || (network.octets[whole]! ^ address[whole]!) >> (8 - rest) === 0
}

/** Whether the text is an address in one of the networks; anything that is not an address is in none. */
export function isIn(networks: readonly Network[], address: string): boolean {
  const octets = parseAddress(address)
  return octets !== undefined && networks.some((network) => contains(network, octets))
}

/** An address as a socket tells it, the way it is compared and logged: IPv4-mapped as IPv4, without a zone. */
export function plainAddress(address: string): string {
  const zone = address.indexOf('%')
  const text = zone < 0 ? address : address.slice(0, zone)
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(text) ? text.slice(7) : text
}
