import type { FleetConnection, FleetState } from '#controllers/fleet/fleet-state.ts'
import type { Target } from '#controllers/target/target.ts'
import { ServiceConnectionError } from '#controllers/target/target-error.ts'
import type { ConnectionState } from '#schema/deployment/status.ts'
import { MartelloError } from '#schema/kernel/errors.ts'

/** Opens the target of a connection; rejects with a ServiceConnectionError when its settings cannot be used. */
export type OpenTarget = (connection: FleetConnection) => Promise<Target>

interface Opened {
  readonly fingerprint: string
  readonly target: Promise<Target>
}

/** The targets of the service connections that this controller serves, each opened once until its settings change. */
export class Targets implements AsyncDisposable {
  readonly #open: Readonly<Partial<Record<FleetConnection['kind'], OpenTarget>>>
  readonly #changed: (outpost: string) => void
  readonly #opened = new Map<string, Opened>()

  /** `open` has the kinds that this controller serves; `changed` is told of live objects that change. */
  constructor(
    open: Readonly<Partial<Record<FleetConnection['kind'], OpenTarget>>>,
    changed: (outpost: string) => void,
  ) {
    this.#open = open
    this.#changed = changed
  }

  /** Whether this controller can serve connections of this kind; another one may be at it. */
  serves({ kind }: FleetConnection): boolean {
    return this.#open[kind] !== undefined
  }

  /** The target of a connection; callers at the same time are given the same one. */
  of(connection: FleetConnection): Promise<Target> {
    const known = this.#opened.get(connection.pk)
    if (known?.fingerprint === connection.fingerprint) return known.target
    const opened = { fingerprint: connection.fingerprint, target: this.#replace(known, connection) }
    this.#opened.set(connection.pk, opened)
    opened.target.catch(() => {
      // What could not be opened is tried again by whoever asks next.
      if (this.#opened.get(connection.pk) === opened) this.#opened.delete(connection.pk)
    })
    return opened.target
  }

  /** How the connection is now; never rejects for what is wrong with it. */
  async probe(connection: FleetConnection, signal: AbortSignal): Promise<ConnectionState> {
    try {
      return await (await this.of(connection)).probe(signal)
    } catch (error) {
      if (!(error instanceof MartelloError)) throw error
      return { healthy: false, version: '', reason: error.detail }
    }
  }

  /** Lets go of the targets whose connections are gone, or another's to serve: processes end here that run there. */
  async keep({ connections }: FleetState, isOthers: (connection: string) => boolean): Promise<void> {
    for (const pk of this.#opened.keys()) if (!connections.has(pk) || isOthers(pk)) await this.#close(pk)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#opened.keys()].map((pk) => this.#close(pk)))
  }

  async #replace(known: Opened | undefined, connection: FleetConnection): Promise<Target> {
    await end(known)
    const open = this.#open[connection.kind]
    if (open === undefined) throw new ServiceConnectionError(`this controller serves no ${connection.kind} connections`)
    const target = await open(connection)
    target.watch(this.#changed)
    return target
  }

  async #close(pk: string): Promise<void> {
    const known = this.#opened.get(pk)
    this.#opened.delete(pk)
    await end(known)
  }
}

async function end(opened: Opened | undefined): Promise<void> {
  const target = await opened?.target.catch(() => undefined)
  await target?.[Symbol.asyncDispose]()
}
