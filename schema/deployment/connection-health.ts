import type { ConnectionState } from './status.ts'

/** What was said of a connection longer ago says nothing any more. */
export const REPORT_LIFE_MS = 5 * 60_000

/** What was said of a service connection, and when. */
export interface ConnectionReport extends ConnectionState {
  readonly checkedAtMs: number
}

/** How a connection is at `nowMs`: as it was said, unless nobody has said anything lately (CT-22). */
export function connectionHealth(report: ConnectionReport | undefined, nowMs: number): ConnectionState {
  if (report === undefined) return { healthy: false, version: '', reason: 'no controller has reported on it yet' }
  const { healthy, version, reason, checkedAtMs } = report
  const ageMs = nowMs - checkedAtMs
  if (ageMs < REPORT_LIFE_MS) return { healthy, version, reason }
  return { healthy: false, version, reason: `no controller has reported on it for ${approximately(ageMs)}` }
}

const UNITS: ReadonlyArray<[name: string, minutes: number]> = [
  ['day', 1440],
  ['hour', 60],
  ['minute', 1],
]

function approximately(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  const [name, size] = UNITS.find(([, each]) => minutes >= 2 * each) ?? ['minute', 1]
  return `${Math.floor(minutes / size)} ${name}s`
}
