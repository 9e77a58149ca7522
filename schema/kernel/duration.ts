import { MartelloError } from './errors.ts'

export class DurationError extends MartelloError {
  override readonly code = 'MRT_DURATION'
}

const UNIT_MS: Readonly<Record<string, number>> = {
  microseconds: 0.001,
  milliseconds: 1,
  seconds: 1000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
  weeks: 604_800_000,
}

/**
 * Milliseconds of a duration such as `hours=1;minutes=5` (decimals and negatives allowed, units in any case).
 * Unknown units are ignored; no valid unit, or a pair without `=`, is a DurationError.
 */
export function parseDuration(text: string): number {
  let total: number | undefined
  for (const pair of text.split(';')) {
    const at = pair.indexOf('=')
    if (at < 0) throw new DurationError(`"${pair}" is not of the form unit=number`)
    const unit = UNIT_MS[pair.slice(0, at).trim().toLowerCase()]
    if (unit === undefined) continue
    const value = pair.slice(at + 1).trim()
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(value)) throw new DurationError(`"${value}" is not a number`)
    total = (total ?? 0) + Number(value) * unit
  }
  if (total === undefined) throw new DurationError(`no known unit in "${text}"`)
  return total
}

/** Whether the text is a duration that is longer than nothing. */
export function isDuration(text: string): boolean {
  try {
    return parseDuration(text) > 0
  } catch {
    return false
  }
}
