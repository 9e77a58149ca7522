import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import type { CoreContext } from '#core/context.ts'
import type { ApplicationSettings } from './application-settings.ts'
import { buildProvider } from './build-provider.ts'

const MAX_PROVIDERS = 128

/** One application's provider at one address, ready to answer. */
export interface RunningProvider {
  readonly settings: ApplicationSettings
  readonly base: URL
  readonly provider: Provider
  readonly answer: (req: IncomingMessage, res: ServerResponse) => Promise<void>
}

/** Providers in use; one whose settings were loaded anew is built anew. */
export class Providers {
  readonly #ctx: CoreContext
  readonly #running = new Map<string, RunningProvider>()

  constructor(ctx: CoreContext) {
    this.#ctx = ctx
  }

  of(settings: ApplicationSettings, base: URL): RunningProvider {
    const key = `${base.origin} ${settings.clientId}`
    const known = this.#running.get(key)
    this.#running.delete(key)
    const running = known?.settings === settings ? known : this.#start(settings, base)
    // The map keeps the order of use: the first entry is the one not used for longest.
    this.#running.set(key, running)
    const oldest = this.#running.keys().next()
    if (this.#running.size > MAX_PROVIDERS && !oldest.done) this.#running.delete(oldest.value)
    return running
  }

  #start(settings: ApplicationSettings, base: URL): RunningProvider {
    const provider = buildProvider(this.#ctx, settings, base)
    return { settings, base, provider, answer: provider.callback() }
  }
}
