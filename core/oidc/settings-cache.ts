import type { CoreContext } from '#core/context.ts'
import { type ApplicationSettings, loadApplicationSettings } from './application-settings.ts'

const MAX_ENTRIES = 256
/** Writes to these may change what a provider is made from. */
const MODELS = /^authentik_(?:core\.application|crypto\.|providers_(?:oauth2|proxy)\.)/

type By = { readonly clientId: string } | { readonly slug: string }

/** Settings by client id and by slug, forgotten whenever something they are made from changes on any replica. */
export class SettingsCache implements Disposable {
  readonly #ctx: Pick<CoreContext, 'db' | 'keys'>
  readonly #entries = new Map<string, Promise<ApplicationSettings | undefined>>()
  readonly #subscription: Disposable

  constructor(ctx: Pick<CoreContext, 'db' | 'keys' | 'feed'>) {
    this.#ctx = ctx
    this.#subscription = ctx.feed.subscribe({
      changed: (changes) => {
        if (changes.some(({ model }) => MODELS.test(model))) this.#entries.clear()
      },
    })
  }

  /** A load that a change overtakes is given to those who already wait for it, and to nobody after. */
  get(by: By): Promise<ApplicationSettings | undefined> {
    const key = JSON.stringify(by)
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const loading = loadApplicationSettings(this.#ctx.db, this.#ctx.keys, by)
    this.#entries.set(key, loading)
    loading.then(
      (settings) => settings ?? this.#forget(key, loading),
      () => this.#forget(key, loading),
    )
    const oldest = this.#entries.keys().next()
    if (this.#entries.size > MAX_ENTRIES && !oldest.done) this.#entries.delete(oldest.value)
    return loading
  }

  #forget(key: string, loading: Promise<unknown>): void {
    if (this.#entries.get(key) === loading) this.#entries.delete(key)
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]()
    this.#entries.clear()
  }
}
