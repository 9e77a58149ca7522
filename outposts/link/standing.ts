import type { Clock, Random } from '#schema/kernel/clock.ts'
import { CoreRefusedError, MartelloError } from '#schema/kernel/errors.ts'

/** After this long without being let in again, an outpost lets nobody in either. */
export const GRACE_MS = 60_000
/** A core that has said no is not asked again sooner. */
const ASK_AGAIN_MS = 60_000

/** The core holds an outpost of another type for this token, or none. */
export class WrongOutpostError extends MartelloError {
  override readonly code = 'MRT_WRONG_OUTPOST'
}

/** Whether the error is the core's no to this outpost, and not a core that is away. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof CoreRefusedError) return error.status === 401 || error.status === 403
  return error instanceof WrongOutpostError
}

/** How long to wait before asking a core again that has said no, in ms; spread, so that a fleet does not ask at once. */
export const askAgainMs = (random: Random): number => ASK_AGAIN_MS + Math.floor(random() * ASK_AGAIN_MS)

/**
 * Whether the core still knows this outpost. A core that is away changes nothing: who is known is served. One that says
 * no (the token was revoked, the outpost deleted) does, after a grace for mistakes that are mended at once.
 */
export class Standing {
  readonly #clock: Clock
  readonly #changed: (isRefused: boolean) => void
  #refusedAt: number | undefined

  /** `changed` is called when the core's answer becomes another one. */
  constructor(clock: Clock, changed: (isRefused: boolean) => void) {
    this.#clock = clock
    this.#changed = changed
  }

  /** Whether people who are not in yet may be let in. */
  readonly mayAdmit = (): boolean => this.#refusedAt === undefined || this.#clock.now() - this.#refusedAt < GRACE_MS

  accepted(): void {
    if (this.#refusedAt === undefined) return
    this.#refusedAt = undefined
    this.#changed(false)
  }

  refused(): void {
    if (this.#refusedAt !== undefined) return
    this.#refusedAt = this.#clock.now()
    this.#changed(true)
  }
}
