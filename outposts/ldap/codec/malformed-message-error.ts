import { MartelloError } from '#schema/kernel/errors.ts'

/** What was already understood of a message when the rest turned out malformed. */
export interface MessageHead {
  readonly id: number
  readonly operationTag: number
}

/**
 * Octets that are not the LDAP message they claim to be, or that exceed a limit of the decoder.
 * With `head`, the envelope was sound and the request can be answered with protocolError (RFC 4511 §4.1.1);
 * without it, nothing on this connection can be trusted any more.
 */
export class MalformedMessageError extends MartelloError {
  override readonly code = 'MRT_LDAP_MALFORMED'
  readonly head: MessageHead | undefined

  constructor(detail: string, head?: MessageHead) {
    super(detail)
    this.head = head
  }
}
