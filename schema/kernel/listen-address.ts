import { parseAddress } from './networks.ts'
import type { ListenAddress } from './settings.ts'

type Address = Pick<ListenAddress, 'host' | 'port'>

/** `host:port`, as it stands in a URL and in a setting: IPv6 in brackets. */
export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Where this machine reaches a socket that listens there: what listens everywhere is reached on loopback. */
export function reachableAddress({ host, port }: Address): Address {
  // That of IPv4 also for `::`, which takes both: there are containers whose loopback has no IPv6.
  return { host: isEverywhere(host) ? '127.0.0.1' : host, port }
}

/** Whether `localhost`, and every name below it, leads to a socket that listens there (RFC 6761 §6.3). */
export function isAtLocalhost({ host }: Address): boolean {
  return isEverywhere(host) || host === '127.0.0.1' || host === '::1' || host.toLowerCase() === 'localhost'
}

/** Where a person, or a browser, on this machine reaches it: by name where that leads to it whatever resolves it. */
export function shownAddress(address: Address): string {
  const { host, port } = reachableAddress(address)
  return addressText({ host: host === '127.0.0.1' ? 'localhost' : host, port })
}

/** `0.0.0.0` and `::`, however they are written. */
function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || parseAddress(host)?.every((octet) => octet === 0) === true
}
