import { parseAddress } from '#schema/kernel/networks.ts'

/** The /24 or /64 that an address lies in, one customer's worth, as a key of maps; what is no address is its own. */
export function clientNetwork(address: string): string {
  const octets = parseAddress(address)
  if (octets === undefined) return address
  return octets.subarray(0, address.includes(':') ? 8 : 15).join('.')
}
