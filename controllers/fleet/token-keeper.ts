import type { CoreClient } from '#schema/client/request.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import type { FleetOutpost } from './fleet-state.ts'
import { readToken } from './fleet-writer.ts'

/** Shorter than until everything is looked at again, so that another key arrives with that. */
const KEPT_MS = 240_000

/** The API keys of outposts, each asked for once in a while: the core keeps for its auditors who was shown a key. */
export class TokenKeeper {
  readonly #core: CoreClient
  readonly #clock: Clock
  readonly #kept = new Map<string, { readonly until: number; readonly token: Secret }>()

  constructor(core: CoreClient, clock: Clock) {
    this.#core = core
    this.#clock = clock
  }

  /** Rejects when it cannot be read. */
  async tokenOf(outpost: FleetOutpost): Promise<Secret> {
    const now = this.#clock.now()
    for (const [identifier, { until }] of this.#kept) if (until <= now) this.#kept.delete(identifier)
    const known = this.#kept.get(outpost.tokenIdentifier)
    if (known !== undefined) return known.token
    const token = await readToken(this.#core, outpost)
    this.#kept.set(outpost.tokenIdentifier, { until: now + KEPT_MS, token })
    return token
  }
}
