import type { Bound } from '../bind/bound.ts'

/** What the operations need to know of the connection that they are on. */
export interface Session {
  bound: Bound | undefined
  readonly remoteIp: string
}

/** Whole encoded messages: there at once, or given piece by piece by work that ends when the signal aborts. */
export type Answers = readonly Buffer[] | ((signal: AbortSignal) => AsyncIterable<readonly Buffer[]>)
