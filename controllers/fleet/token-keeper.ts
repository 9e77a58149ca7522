import type { CoreClient } from '#schema/client/request.ts'
import type { Secret } from '#schema/kernel/secret.ts'
import type { FleetOutpost } from './fleet-state.ts'
import { readToken } from './fleet-writer.ts'

interface Kept {
  readonly revision: string
  readonly token: Secret
}

/** The API keys of outposts, each asked for once until it is another: the core tells its auditors who was shown a key. */
export class TokenKeeper {
  readonly #core: CoreClient
  readonly #kept = new Map<string, Kept>()

  constructor(core: CoreClient) {
    this.#core = core
  }

  /** Rejects when it cannot be read. */
  async tokenOf(outpost: FleetOutpost): Promise<Secret> {
    const { pk, tokenRevision: revision } = outpost
    const known = this.#kept.get(pk)
    if (known?.revision === revision) return known.token
    const token = await readToken(this.#core, outpost)
    // A key of which nobody tells when it is another is not kept.
    if (revision !== '') this.#kept.set(pk, { revision, token })
    return token
  }

  /** Forgets the keys of all other outposts. */
  keep(outposts: ReadonlyMap<string, unknown>): void {
    for (const pk of this.#kept.keys()) if (!outposts.has(pk)) this.#kept.delete(pk)
  }
}
