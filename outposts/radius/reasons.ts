/** Why a request was answered with Access-Reject; the values of the label `reason` of the rejected counter. */
export type RejectReason = 'access_denied' | 'flow_error' | 'invalid_credentials' | 'unsupported_method'

/** Why a datagram was left without an answer; the values of the label `reason` of the dropped counter. */
export type DropReason =
  | 'unknown_client'
  | 'malformed'
  | 'unsupported_code'
  | 'missing_message_authenticator'
  | 'bad_message_authenticator'
  | 'bad_password_length'
  /** The first of several equal requests is still at work. */
  | 'duplicate'
  /** The client has used the identifier for a new request meanwhile. */
  | 'superseded'
  | 'overloaded'
  | 'core_unavailable'
  /** The user's access was revoked while the request was under way; a retransmission is decided afresh. */
  | 'revoked'
  | 'internal_error'
