import { setTimeout as wait } from 'node:timers/promises'
import type { FleetConnection, FleetState } from '#controllers/fleet/fleet-state.ts'
import { writeConnectionState } from '#controllers/fleet/fleet-writer.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Claims } from './claims.ts'
import { sideBySide } from './side-by-side.ts'
import type { Targets } from './targets.ts'

const EVERY_MS = 60_000
/** While nothing has been read yet. */
const AT_FIRST_MS = 3_000

export interface ConnectionProbesOptions {
  readonly core: CoreClient
  readonly log: Logger
  readonly targets: Targets
  readonly claims: Claims
  /** Makes service connections of these kinds to what is found here; without it nothing is looked for. */
  readonly discover?: (kinds: ReadonlySet<string>, signal: AbortSignal) => Promise<void>
}

/** Tells the core again and again how service connections are. */
export class ConnectionProbes {
  readonly #options: ConnectionProbesOptions
  #state: FleetState | undefined
  /** Of the connections that were seen last. */
  #fingerprints = ''
  #wake = new AbortController()

  constructor(options: ConnectionProbesOptions) {
    this.#options = options
  }

  /** What is new, another one, or another controller's now is looked at at once, not in the next round. */
  read(state: FleetState): void {
    const { claims } = this.#options
    const ways = [...state.connections.values()].map(({ pk, fingerprint }) => [fingerprint, claims.holds(pk)])
    const fingerprints = JSON.stringify(ways)
    if (fingerprints !== this.#fingerprints) this.#wake.abort()
    this.#fingerprints = fingerprints
    this.#state = state
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#round(signal)
      const ms = this.#state === undefined ? AT_FIRST_MS : EVERY_MS
      await wait(ms, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(() => {})
      this.#wake = new AbortController()
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { core, log, targets, claims, discover } = this.#options
    const { discoverable = new Set<string>(), connections = new Map<string, FleetConnection>() } = this.#state ?? {}
    if (discoverable.size > 0) await discover?.(discoverable, signal)
    // Of what nobody serves it is told why.
    const due = connections.values().filter((each) => targets.serves(each) && claims.holderOf(each.pk) === undefined)
    await sideBySide(due, (connection) =>
      targets
        .probe(connection, signal)
        .then((state) => writeConnectionState(core, connection.pk, state))
        .catch((cause) => log.debug('the state of a service connection could not be told', { cause })),
    )
  }
}
