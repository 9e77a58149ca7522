import type { Random } from './clock.ts'

export interface Backoff {
  readonly firstMs: number
  readonly capMs: number
}

/** Full jitter: a wait in [0, min(cap, first × 2^(attempt−1))) milliseconds; `attempt` counts from 1. */
export function backoffMs(attempt: number, random: Random, { firstMs, capMs }: Backoff): number {
  return Math.floor(random() * Math.min(capMs, firstMs * 2 ** Math.min(attempt - 1, 30)))
}
