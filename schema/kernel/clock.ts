/** Time as an argument: `now()` is milliseconds since the epoch. */
export interface Clock {
  now(): number
}

/** A number in [0, 1), injected wherever chance matters. */
export type Random = () => number
