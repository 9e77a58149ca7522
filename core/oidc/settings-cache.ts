import type { CoreContext } from '#core/context.ts'
import { type ApplicationSettings, loadApplicationSettings } from './application-settings.ts'

const MAX_ENTRIES = 256
/** Writes to these may change what a provider is made from. */
const MODELS =
  /^authentik_(?:core\.application|crypto\.certificatekeypair|flows\.flow|providers_(?:oauth2|proxy)\.\w+)$/

type By = { readonly clientId: string } | { readonly slug: string }

/** Settings by client id and by slug, forgotten whenever something they are made from changes on any replica. */
export class SettingsCache {
  readonly #ctx: Pick<CoreContext, 'db' | 'keys'>
  readonly #entries = new Map<string, Promise<ApplicationSettings | undefined>>()

  constructor(ctx: Pick<CoreContext, 'db' | 'keys' | 'feed'>) {
    this.#ctx = ctx
    ctx.feed.subscribe({
      changed: (changes) => {
        if (changes.some(({ model }) => MODELS.test(model))) this.#entries.clear()
      },
    })
  }

  /** A load that a change overtakes is given to those who already wait for it, and to nobody after. */
  async get(by: By): Promise<ApplicationSettings | undefined> {
    // No client and no application is called so, and the database cannot be asked for it.
    if (Object.values(by).some((name) => name.includes('\0'))) return undefined
    const key = JSON.stringify(by)
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const loading = loadApplicationSettings(this.#ctx.db, this.#ctx.keys, by)
    this.#entries.set(key, loading)
    loading.then(
      (settings) => this.#settle(key, loading, settings),
      () => this.#settle(key, loading, undefined),
    )
    return loading
  }

  /** What was found is known by both its names; what was not found, or is outdated by now, by none. */
  #settle(
    key: string,
    loading: Promise<ApplicationSettings | undefined>,
    settings: ApplicationSettings | undefined,
  ): void {
    if (this.#entries.get(key) !== loading) return
    this.#entries.delete(key)
    if (settings === undefined) return
    for (const by of [{ clientId: settings.clientId }, { slug: settings.application.slug }])
      this.#entries.set(JSON.stringify(by), loading)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES) break
      this.#entries.delete(oldest)
    }
  }
}
