import type { CoreClient } from '#schema/client/request.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'

const ONCE_A_MS = 60_000

/** Tells the core, once a minute at most, that a reverse proxy asks in a way that cannot be answered. */
export class MisconfigurationReport {
  readonly #core: CoreClient
  readonly #clock: Clock
  readonly #log: Logger
  #lastAt = Number.NEGATIVE_INFINITY

  constructor(core: CoreClient, clock: Clock, log: Logger) {
    this.#core = core
    this.#clock = clock
    this.#log = log
  }

  report(host: string | undefined): void {
    const now = this.#clock.now()
    if (now - this.#lastAt < ONCE_A_MS) return
    this.#lastAt = now
    const message =
      'A reverse proxy asked about a request that it does not describe, or that is for no application of this outpost.'
    this.#log.warning('a forward-auth request could not be understood', { host })
    const body = {
      action: 'configuration_error',
      app: 'authentik.providers.proxy',
      context: { message, host: host ?? '' },
    }
    this.#core.request({ method: 'POST', path: '/events/events/', body }).catch(() => {})
  }
}
