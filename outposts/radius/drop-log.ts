import type { Clock } from '#schema/kernel/clock.ts'
import type { LogFields, Logger } from '#schema/kernel/logger.ts'
import type { DropReason } from './reasons.ts'

const INTERVAL_MS = 10_000

/** Ordinary in a healthy network: counted, not worth a warning. */
const ORDINARY: ReadonlySet<DropReason> = new Set(['duplicate', 'superseded', 'revoked'])

/** Logs what is left without an answer: one line for each reason in ten seconds, so that a flood fills no disk. */
export class DropLog {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #lines = new Map<DropReason, { nextAt: number; unlogged: number }>()

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  write(reason: DropReason, fields: LogFields): void {
    const now = this.#clock.now()
    const line = this.#lines.getOrInsertComputed(reason, () => ({ nextAt: 0, unlogged: 0 }))
    if (now < line.nextAt) {
      line.unlogged++
      return
    }
    const level = ORDINARY.has(reason) ? 'debug' : 'warning'
    this.#log[level]('RADIUS request left without an answer', { reason, ...fields, unlogged_before: line.unlogged })
    line.nextAt = now + INTERVAL_MS
    line.unlogged = 0
  }
}
