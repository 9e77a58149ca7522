const MS_EACH = 1
const LONGEST_MS = 5_000

/**
 * After how many ms the outpost at `index` (from 0) is told of an update, so that `count` of them do not read their
 * configuration at once: 1 ms behind one another, and all of them within 5 s.
 */
export function spreadMs(index: number, count: number): number {
  return Math.floor((index * Math.min(LONGEST_MS, count * MS_EACH)) / count)
}
