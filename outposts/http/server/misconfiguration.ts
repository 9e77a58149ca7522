import type { CoreClient } from '#schema/client/request.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Misunderstanding } from '../modes/forward-auth.ts'

const ONCE_A_MS = 60_000

/**
 * Tells the core that a reverse proxy asks in a way that cannot be answered, and what is wrong with it: once a minute at most
 * for each reason, whoever asks. Of what was sent only a host is told, and that only if it is one.
 */
export class MisconfigurationReport {
  readonly #core: CoreClient
  readonly #clock: Clock
  readonly #log: Logger
  readonly #lastAt = new Map<Misunderstanding['reason'], number>()

  constructor(core: CoreClient, clock: Clock, log: Logger) {
    this.#core = core
    this.#clock = clock
    this.#log = log
  }

  report({ reason, endpoint, host }: Misunderstanding): void {
    const now = this.#clock.now()
    if (now - (this.#lastAt.get(reason) ?? Number.NEGATIVE_INFINITY) < ONCE_A_MS) return
    this.#lastAt.set(reason, now)
    const message =
      'A reverse proxy asked about a request that it does not describe, or that is for no application of this outpost.'
    this.#log.warning('a forward-auth request could not be understood', { reason, endpoint, host })
    const body = {
      action: 'configuration_error',
      app: 'authentik.providers.proxy',
      context: { message, reason, endpoint, host: host ?? '' },
    }
    this.#core.request({ method: 'POST', path: '/events/events/', body }).catch(() => {})
  }
}
