import { setTimeout as wait } from 'node:timers/promises'
import { FleetReader } from '#controllers/fleet/fleet-reader.ts'
import type { FleetConnection, FleetOutpost, FleetState } from '#controllers/fleet/fleet-state.ts'
import { TokenKeeper } from '#controllers/fleet/token-keeper.ts'
import { canariesOf } from '#controllers/waves/canary.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { DeploymentRecord } from '#schema/deployment/status.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { Claims, type ClaimsOptions } from './claims.ts'
import { ConnectionProbes, type ConnectionProbesOptions } from './connection-probes.ts'
import { inputOf } from './input-of.ts'
import { reconcile } from './reconcile.ts'
import { type OpenTarget, Targets } from './targets.ts'
import { WorkQueue } from './work-queue.ts'

const READ_EVERY_MS = 3_000
/** Everything is looked at this often, whether or not anything was heard of it. */
const RESYNC_MS = 300_000
const BACKOFF = { firstMs: 1_000, capMs: 60_000 }
const AT_A_TIME = 8

export interface ControllerOptions {
  readonly core: CoreClient
  readonly identity: ClaimsOptions['identity']
  /** The kinds of service connections that this controller serves. */
  readonly open: Readonly<Partial<Record<'local' | 'docker' | 'kubernetes', OpenTarget>>>
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
  readonly discover?: ConnectionProbesOptions['discover']
  /** Whether a local connection of the kind leads somewhere from here; without it each does. */
  readonly isHere?: (kind: FleetConnection['kind'], signal: AbortSignal) => Promise<boolean>
  /** What is wanted has been read: these are processes of this machine. */
  readonly readLocal?: (outposts: readonly FleetOutpost[]) => void
}

interface Serving {
  readonly targets: Targets
  readonly claims: Claims
}

/** What was seen of one outpost last, and when it is due again whatever happens. */
interface Seen {
  readonly input: string
  due: number
}

/**
 * Keeps the outposts on the service connections that it serves deployed as the core wants them, until the signal aborts.
 * Level-triggered: what it hears of only decides when it looks.
 */
export class Controller {
  readonly #options: ControllerOptions
  readonly #reader: FleetReader
  readonly #tokens: TokenKeeper
  readonly #seen = new Map<string, Seen>()
  #state: FleetState | undefined
  /** Records as they were read, and written since then. */
  #records = new Map<string, DeploymentRecord>()
  /** What was written while the records were read: that is newer. */
  #written = new Map<string, DeploymentRecord | undefined>()
  /** Which connections were held all the time since the state was read: what others have written before is known. */
  #mine: { readonly held: ReadonlySet<string>; readonly since: AbortSignal } | undefined
  #isTroubled = false

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#reader = new FleetReader(options.core, options.log)
    this.#tokens = new TokenKeeper(options.core)
  }

  async run(signal: AbortSignal): Promise<void> {
    const { open, random } = this.#options
    await using targets = new Targets(open, (outpost) => queue.request(outpost, { now: false }))
    await using claims = new Claims(this.#options)
    const queue = new WorkQueue({
      work: (outpost) => this.#work(outpost, { targets, claims }, signal),
      failed: (outpost, cause, againAfterMs) => this.#failed(outpost, cause, againAfterMs),
      backoff: BACKOFF,
      concurrency: AT_A_TIME,
      random,
      signal,
    })
    const { core, log, discover } = this.#options
    const probes = new ConnectionProbes({ core, log, targets, claims, ...(discover && { discover }) })
    const probing = probes.run(signal)
    while (!signal.aborted) {
      await this.#round(queue, { targets, claims, probes }, signal)
      await wait(READ_EVERY_MS, undefined, { signal }).catch(() => {})
    }
    await Promise.all([queue.idle(), probing])
  }

  /** Reads everything, and asks for the outposts that have changed, are due, or are gone. */
  async #round(
    queue: WorkQueue,
    { targets, claims, probes }: Serving & { probes: ConnectionProbes },
    signal: AbortSignal,
  ): Promise<void> {
    const { log, clock, open, readLocal } = this.#options
    let state: FleetState
    try {
      state = await this.#read({ targets, claims }, signal)
      if (this.#isTroubled) log.info('the core can be read again')
      this.#isTroubled = false
    } catch (cause) {
      if (!this.#isTroubled) log.warning('the core cannot be read; what is deployed stays', { cause })
      this.#isTroubled = true
      return
    }
    this.#state = state
    await targets.keep(state, (connection) => claims.holderOf(connection) !== undefined)
    this.#tokens.keep(state.outposts)
    const kindOf = ({ connection }: FleetOutpost) => state.connections.get(connection ?? '')?.kind
    readLocal?.([...state.outposts.values()].filter((each) => open.local !== undefined && kindOf(each) === 'local'))
    const holds = (connection: string) => this.#holds(connection, claims)
    probes.read(state)
    const now = clock.now()
    const canaries = canariesOf(state)
    for (const outpost of new Set([...state.outposts.keys(), ...state.records.keys()])) {
      const input = inputOf(outpost, state, { canaries, holds })
      const seen = this.#seen.get(outpost)
      if (seen?.input === input && seen.due > now) continue
      // What has changed is worth an attempt now; what is merely due waits for its back-off.
      this.#seen.set(outpost, { input, due: now + RESYNC_MS })
      queue.request(outpost, { now: seen?.input !== input })
    }
    for (const outpost of this.#seen.keys())
      if (!state.outposts.has(outpost) && !state.records.has(outpost)) this.#seen.delete(outpost)
  }

  /** What the core wants, as it was when those connections were held that are this controller's from now on. */
  async #read({ targets, claims }: Serving, signal: AbortSignal): Promise<FleetState> {
    for (;;) {
      const mine = { held: claims.held, since: claims.signal }
      this.#written.clear()
      const state = await this.#reader.read()
      await claims.keep(await this.#servable(state, { targets, claims }, signal))
      if (claims.signal === mine.since && [...claims.held].some((each) => !mine.held.has(each))) continue
      this.#mine = mine
      this.#records = new Map(state.records)
      for (const [outpost, record] of this.#written) this.#note(outpost, record)
      return state
    }
  }

  #holds(connection: string, claims: Claims): boolean {
    const { held, since } = this.#mine ?? {}
    return held?.has(connection) === true && since === claims.signal && claims.holds(connection)
  }

  #note(outpost: string, record: DeploymentRecord | undefined): void {
    if (record === undefined) this.#records.delete(outpost)
    else this.#records.set(outpost, record)
  }

  /** The service connections that this controller could serve; a daemon that is away for a moment is still its own. */
  async #servable(
    { connections }: FleetState,
    { targets, claims }: Serving,
    signal: AbortSignal,
  ): Promise<Set<string>> {
    const { isHere } = this.#options
    const found = new Set<string>()
    for (const each of connections.values()) {
      if (!targets.serves(each)) continue
      const mayBeElsewhere = each.local && each.kind !== 'local' && !claims.holds(each.pk)
      if (!mayBeElsewhere || isHere === undefined || (await isHere(each.kind, signal))) found.add(each.pk)
    }
    return found
  }

  async #work(outpost: string, { targets, claims }: Serving, signal: AbortSignal): Promise<void> {
    const { core, clock } = this.#options
    if (this.#state === undefined) return
    const state = { ...this.#state, records: this.#records }
    const recorded = (of: string, record: DeploymentRecord | undefined) => {
      this.#written.set(of, record)
      this.#note(of, record)
    }
    const { controller } = claims
    const own = { controller, holds: (connection: string) => this.#holds(connection, claims) }
    const surroundings = { core, targets, claims: own, clock, recorded, tokens: this.#tokens }
    const again = await reconcile(outpost, state, surroundings, AbortSignal.any([signal, claims.signal]))
    const seen = this.#seen.get(outpost)
    if (seen !== undefined && again !== undefined) seen.due = Math.min(seen.due, clock.now() + again)
  }

  #failed(outpost: string, cause: unknown, againAfterMs: number | undefined): void {
    const name = this.#state?.outposts.get(outpost)?.name ?? outpost
    this.#options.log.warning('an outpost is not deployed as it should be', {
      outpost: name,
      again_after_ms: againAfterMs,
      cause,
    })
  }
}
