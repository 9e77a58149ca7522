import { digestOf } from '#controllers/plan/digest.ts'
import { type LiveObject, substanceOf } from './plan/live-object.ts'

interface Known {
  readonly wanted: string
  readonly live: string
}

/**
 * Which objects the server has said to be as wanted: what we wanted, and what the object was then. While neither changes,
 * there is nothing to ask. Only hashes are kept; what is forgotten costs a dry run.
 */
export class Settled {
  readonly #known = new Map<string, Known>()

  isSettled(path: string, wanted: object, live: LiveObject): boolean {
    const known = this.#known.get(path)
    return known !== undefined && known.wanted === digestOf(wanted) && known.live === digestOf(substanceOf(live))
  }

  /** Whether something else was wanted the last time: then it has to change, and nobody needs to be asked. */
  isNewWish(path: string, wanted: object): boolean {
    return this.#known.has(path) && !this.isAccepted(path, wanted)
  }

  /** Whether this was wanted the last time, and the server has taken it, whatever the object is now. */
  isAccepted(path: string, wanted: object): boolean {
    return this.#known.get(path)?.wanted === digestOf(wanted)
  }

  settle(path: string, wanted: object, live: LiveObject): void {
    this.#known.set(path, { wanted: digestOf(wanted), live: digestOf(substanceOf(live)) })
  }

  forget(path: string): void {
    this.#known.delete(path)
  }
}
