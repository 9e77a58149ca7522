import { elapsedClock, type ReadClock } from '#schema/kernel/elapsed.ts'

/** ms since now, by this machine's clocks. */
export const systemElapsed = (): ReadClock =>
  elapsedClock(
    () => performance.now(),
    () => Date.now(),
  )
