import type { Message } from '../codec/message.ts'

interface Waiting {
  readonly message: Message
  readonly octets: number
}

/** Requests that wait for the one before them, within bounds. */
export class RequestQueue {
  readonly #maxRequests: number
  #waiting: Waiting[] = []
  #octets = 0

  constructor(maxRequests: number) {
    this.#maxRequests = maxRequests
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  get last(): Message | undefined {
    return this.#waiting.at(-1)?.message
  }

  /** Whether no more may come in: enough requests wait, or those that wait have at least so many octets. */
  isFull(maxOctets: number): boolean {
    return this.#waiting.length >= this.#maxRequests || this.#octets >= maxOctets
  }

  push(message: Message, octets: number): void {
    this.#waiting.push({ message, octets })
    this.#octets += octets
  }

  shift(): Message | undefined {
    return this.isEmpty ? undefined : this.#remove(0)
  }

  /** Removes the first request for which this holds. */
  remove(isIt: (message: Message) => boolean): void {
    const at = this.#waiting.findIndex(({ message }) => isIt(message))
    if (at >= 0) this.#remove(at)
  }

  clear(): void {
    this.#waiting = []
    this.#octets = 0
  }

  #remove(at: number): Message {
    const [{ message, octets }] = this.#waiting.splice(at, 1) as [Waiting]
    this.#octets -= octets
    return message
  }
}
