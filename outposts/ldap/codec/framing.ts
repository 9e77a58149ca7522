/**
 * Cuts a stream of octets into LDAP messages (RFC 4511 §5.2). A message inside one chunk is handed out as a view of it;
 * one that spans chunks is joined once, when its last octet is there, so the work is linear in the octets received.
 */
import { BerTag, readHeader } from './ber.ts'
import { MalformedMessageError } from './malformed-message-error.ts'

/** Enough for a tag and the longest length that is accepted. */
const LONGEST_HEADER = 6

export class MessageFramer {
  #chunks: Buffer[] = []
  #buffered = 0
  /** Octets that must be there before it is worth looking again. */
  #needed = 2

  /** Octets received that are not part of a message handed out. */
  get buffered(): number {
    return this.#buffered
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
  }

  /** Forgets what was received. */
  clear(): void {
    this.#chunks = []
    this.#buffered = 0
    this.#needed = 2
  }

  /**
   * The next whole message of at most `limit` octets, undefined while it is incomplete.
   * Throws as soon as the header shows that it is none or too long, before its octets are there.
   */
  next(limit: number): Buffer | undefined {
    if (this.#buffered < this.#needed) return undefined
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#buffered)]
    const octets = this.#chunks[0]!
    if (octets[0] !== BerTag.Sequence) throw new MalformedMessageError('not an LDAP message')
    const header = readHeader(octets, 0, octets.length)
    if (header === undefined) {
      this.#needed = Math.min(octets.length + 1, LONGEST_HEADER)
      return undefined
    }
    const length = header.start + header.length
    if (length > limit) throw new MalformedMessageError(`message of more than ${limit} octets`)
    if (octets.length < length) {
      this.#needed = length
      return undefined
    }
    this.#chunks = octets.length === length ? [] : [octets.subarray(length)]
    this.#buffered = octets.length - length
    this.#needed = 2
    return octets.subarray(0, length)
  }
}
