/** Reads a clock: ms since some moment of its own. */
export type ReadClock = () => number

/**
 * ms since this was called, for what must not last longer than somebody else believes. A time in which the machine was
 * asleep counts, though the steady clock stands still then; a time of day that is set back takes nothing away.
 */
export function elapsedClock(steady: ReadClock, timeOfDay: ReadClock): ReadClock {
  let total = 0
  let [lastSteady, lastTimeOfDay] = [steady(), timeOfDay()]
  return () => {
    const [now, nowOfDay] = [steady(), timeOfDay()]
    total += Math.max(now - lastSteady, nowOfDay - lastTimeOfDay)
    lastSteady = now
    lastTimeOfDay = nowOfDay
    return total
  }
}
