import { createContext, Script } from 'node:vm'

/** The work was ended before it was through. */
export class EndedError extends Error {}

const surroundings: { work: () => unknown } = { work: () => undefined }
const context = createContext(surroundings)
const script = new Script('work()')

/**
 * What the work gives, or an EndedError once it has taken so many whole milliseconds, wherever it is: in a loop, or
 * inside a regular expression. It runs on this thread and must not wait for anything; what it has left half done is not
 * to be used again. This costs about 0.1 ms, for a thread that watches.
 */
export function endAfter<T>(limitMs: number, work: () => T): T {
  surroundings.work = work
  try {
    return script.runInContext(context, { timeout: limitMs })
  } catch (cause) {
    // The error comes from the other context, where Error is not ours.
    const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
    throw code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? new EndedError(`longer than ${limitMs} ms`, { cause }) : cause
  } finally {
    surroundings.work = () => undefined
  }
}
