import type { RadiusOutpostConfig } from '#schema/api/outpost-providers.ts'
import { type Network, parseAddress, parseNetwork } from '#schema/kernel/networks.ts'

/** A provider as its requests are handled; `secret` are the octets of the shared secret. */
export interface RadiusProvider {
  readonly name: string
  readonly applicationSlug: string
  readonly flowSlug: string
  readonly secret: Uint8Array
  /** Whether a request without Message-Authenticator is left without an answer. */
  readonly requiresMessageAuthenticator: boolean
}

/** Why a network, or a whole provider, is not served. */
export interface NetworkProblem {
  readonly provider: string
  readonly network: string
  readonly problem: 'not a network' | 'served for another provider' | 'no shared secret'
}

interface SameLength {
  readonly prefix: number
  readonly providers: Map<string, RadiusProvider>
}

/** IPv4 is held as IPv4-mapped IPv6: below this prefix a network is one of IPv6 only. */
const V4_PREFIX = 96

/** The network's own octets as a key: everything behind the prefix is zero. */
function keyOf(octets: Uint8Array, prefix: number): string {
  let key = ''
  for (let i = 0; i < octets.length; i++) {
    const bits = Math.min(8, Math.max(0, prefix - i * 8))
    key += String.fromCharCode(octets[i]! & (0xff00 >> bits))
  }
  return key
}

/** IPv4-mapped addresses begin with ten zero octets and two of 0xff. */
const isV4 = (octets: Uint8Array) =>
  octets[10] === 0xff && octets[11] === 0xff && octets.subarray(0, 10).every((octet) => octet === 0)

/** How many addresses are remembered with their answer; a flood of others only makes them be looked up again. */
const REMEMBERED = 4096

/** Which provider serves a client: the one with the longest prefix that contains its address. */
export class ClientNetworks {
  /** Longest prefix first. */
  readonly #lengths: readonly SameLength[]
  readonly #remembered = new Map<string, RadiusProvider | undefined>()

  constructor(lengths: readonly SameLength[] = []) {
    this.#lengths = lengths
  }

  /** The provider for an address, undefined also for a text that is none. `::/0` does not stand for IPv4. */
  find(address: string): RadiusProvider | undefined {
    const known = this.#remembered.get(address)
    if (known !== undefined || this.#remembered.has(address)) return known
    if (this.#remembered.size === REMEMBERED) this.#remembered.clear()
    const octets = parseAddress(address)
    const provider = octets && this.#lookUp(octets)
    this.#remembered.set(address, provider)
    return provider
  }

  #lookUp(octets: Uint8Array): RadiusProvider | undefined {
    const shortest = isV4(octets) ? V4_PREFIX : 0
    for (const { prefix, providers } of this.#lengths) {
      if (prefix < shortest) return undefined
      const provider = providers.get(keyOf(octets, prefix))
      if (provider !== undefined) return provider
    }
    return undefined
  }
}

const networksOf = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/**
 * The networks of all providers. What cannot be used is left out and named in `problems`; a network that two
 * providers claim belongs to the older one (lower pk), whatever their order and names.
 */
export function clientNetworks(configs: readonly RadiusOutpostConfig[]): {
  readonly networks: ClientNetworks
  readonly problems: readonly NetworkProblem[]
} {
  const byPrefix = new Map<number, Map<string, RadiusProvider>>()
  const problems: NetworkProblem[] = []
  const claim = (provider: RadiusProvider, { octets, prefix }: Network): boolean => {
    const providers = byPrefix.getOrInsertComputed(prefix, () => new Map<string, RadiusProvider>())
    return providers.getOrInsert(keyOf(octets, prefix), provider) === provider
  }
  for (const config of [...configs].sort((a, b) => a.pk - b.pk)) {
    const { name } = config
    const report = (network: string, problem: NetworkProblem['problem']) =>
      problems.push({ provider: name, network, problem })
    if (config.shared_secret === '') {
      report(config.client_networks, 'no shared secret')
      continue
    }
    const provider: RadiusProvider = {
      name,
      applicationSlug: config.application_slug,
      flowSlug: config.auth_flow_slug,
      secret: new TextEncoder().encode(config.shared_secret),
      requiresMessageAuthenticator: config.message_authenticator !== 'optional',
    }
    for (const text of networksOf(config.client_networks)) {
      const network = parseNetwork(text)
      if (network === undefined) report(text, 'not a network')
      else if (!claim(provider, network)) report(text, 'served for another provider')
    }
  }
  const lengths = [...byPrefix].map(([prefix, providers]) => ({ prefix, providers }))
  return { networks: new ClientNetworks(lengths.sort((a, b) => b.prefix - a.prefix)), problems }
}
