import { AttributeType } from './assigned-numbers.ts'
import { headerAuthenticator, messageAuthenticator } from './authenticators.ts'
import {
  type Attribute,
  AUTHENTICATOR_AT,
  AUTHENTICATOR_OCTETS,
  encodePacket,
  HEADER_OCTETS,
  type RadiusPacket,
} from './packet.ts'

const MESSAGE_AUTHENTICATOR: Attribute = {
  type: AttributeType.MessageAuthenticator,
  value: new Uint8Array(AUTHENTICATOR_OCTETS),
}

export interface Reply {
  readonly code: number
  readonly attributes: readonly Attribute[]
}

/**
 * The signed reply to a request. Message-Authenticator comes first, so that no octet which an attacker chooses
 * precedes it (CVE-2024-3596); Proxy-State is copied last, unchanged and in order (RFC 2865 §5.33).
 */
export function encodeReply(request: RadiusPacket, secret: Uint8Array, reply: Reply): Uint8Array {
  const proxyStates = request.attributes.filter(({ type }) => type === AttributeType.ProxyState)
  const octets = encodePacket({
    code: reply.code,
    identifier: request.identifier,
    authenticator: request.authenticator,
    attributes: [MESSAGE_AUTHENTICATOR, ...reply.attributes, ...proxyStates],
  })
  const at = HEADER_OCTETS + 2
  octets.set(messageAuthenticator(octets, secret, at), at)
  octets.set(headerAuthenticator(octets, secret, request.authenticator), AUTHENTICATOR_AT)
  return octets
}
