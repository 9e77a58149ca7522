/** Outposts say HELLO every 10 s; one that has missed it by half is not counted as there. */
export const STALE_AFTER_MS = 15_000

/** Whether an instance seen last at `lastSeenMs` counts as connected at `nowMs` (both ms since the epoch). */
export function isAlive(lastSeenMs: number, nowMs: number): boolean {
  return nowMs - lastSeenMs < STALE_AFTER_MS
}

/** Whether a running version is older than the one it should be; unknown versions and other builds are not judged. */
export function isOutdated(version: string, shouldBe: string): boolean {
  const running = parse(version)
  const expected = parse(shouldBe)
  if (running === undefined || expected === undefined) return false
  for (let i = 0; i < 3; i++) if (running[i] !== expected[i]) return running[i]! < expected[i]!
  return false
}

function parse(version: string): readonly number[] | undefined {
  const match = /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(version)
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
}
