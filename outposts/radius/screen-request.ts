// What a packet from a known client network asks for, decided from its octets alone.
// A Message-Authenticator that is there must be right, and unless the provider says otherwise it must be there
// (RFC 3579 §3.2, CVE-2024-3596): without it, who is on the way can change the request.

import type { RadiusProvider } from './client-networks.ts'
import { AttributeType, Code, Microsoft } from './codec/assigned-numbers.ts'
import { checkMessageAuthenticator, type MessageAuthenticatorState } from './codec/authenticators.ts'
import { type RadiusPacket, valuesOf } from './codec/packet.ts'
import type { Reply } from './codec/reply.ts'
import { revealPassword } from './codec/user-password.ts'
import { decodeVendorSpecific } from './codec/vendor-specific.ts'
import type { DropReason, RejectReason } from './reasons.ts'

export type Verdict =
  | { readonly kind: 'drop'; readonly reason: DropReason }
  | { readonly kind: 'accept'; readonly reply: Reply }
  | { readonly kind: 'reject'; readonly reason: RejectReason; readonly reply: Reply }
  | { readonly kind: 'login'; readonly username: string; readonly password: string }

const drop = (reason: DropReason): Verdict => ({ kind: 'drop', reason })
const text = new TextEncoder()

/** An Access-Reject, with a sentence for the person who signs in when there is something to say. */
export function reject(reason: RejectReason, message?: string): Verdict & { kind: 'reject' } {
  const attributes = message === undefined ? [] : [{ type: AttributeType.ReplyMessage, value: text.encode(message) }]
  return { kind: 'reject', reason, reply: { code: Code.AccessReject, attributes } }
}

const UNSIGNED: Readonly<Record<Exclude<MessageAuthenticatorState, 'valid'>, DropReason>> = {
  absent: 'missing_message_authenticator',
  invalid: 'bad_message_authenticator',
  repeated: 'bad_message_authenticator',
}

/**
 * Never without Message-Authenticator: octets that an attacker chooses and the reply repeats, with which the reply can
 * be forged (CVE-2024-3596), and EAP (RFC 3579 §3.1).
 */
const SIGNED_ONLY: ReadonlySet<number> = new Set([AttributeType.ProxyState, AttributeType.EapMessage])

type Screening = Pick<RadiusProvider, 'secret' | 'requiresMessageAuthenticator'>

/** Whether the request may come without Message-Authenticator; RFC 5997 §3 leaves no choice for Status-Server. */
function mayBeUnsigned({ code, attributes }: RadiusPacket, { requiresMessageAuthenticator }: Screening): boolean {
  if (requiresMessageAuthenticator || code !== Code.AccessRequest) return false
  return attributes.every(({ type }) => !SIGNED_ONLY.has(type))
}

/** The decision about a request; `login` means that only the core can tell. */
export function screenRequest(packet: RadiusPacket, provider: Screening): Verdict {
  const { secret } = provider
  if (packet.code !== Code.AccessRequest && packet.code !== Code.StatusServer) return drop('unsupported_code')
  const state = checkMessageAuthenticator(packet, secret)
  if (state !== 'valid' && !(state === 'absent' && mayBeUnsigned(packet, provider))) return drop(UNSIGNED[state])
  if (packet.code === Code.StatusServer) return { kind: 'accept', reply: { code: Code.AccessAccept, attributes: [] } }
  const method = unsupportedMethod(packet)
  if (method !== undefined) return reject('unsupported_method', `${method} is not supported here, use PAP`)
  return screenPap(packet, secret)
}

const MS_CHAP: ReadonlySet<number> = new Set([Microsoft.ChapResponse, Microsoft.ChapChallenge, Microsoft.Chap2Response])

/** The way of authentication that a one-way password hash cannot serve, by its name. */
function unsupportedMethod(packet: RadiusPacket): string | undefined {
  for (const { type, value } of packet.attributes) {
    if (type === AttributeType.EapMessage) return 'EAP'
    if (type === AttributeType.ChapPassword) return 'CHAP'
    if (type !== AttributeType.VendorSpecific) continue
    const specific = decodeVendorSpecific(value)
    if (specific?.vendor === Microsoft.vendor && specific.attributes.some((inner) => MS_CHAP.has(inner.type)))
      return 'MS-CHAP'
  }
  return undefined
}

function screenPap(packet: RadiusPacket, secret: Uint8Array): Verdict {
  const names = valuesOf(packet, AttributeType.UserName)
  const passwords = valuesOf(packet, AttributeType.UserPassword)
  if (names.length > 1 || passwords.length > 1) return drop('malformed')
  const [hidden] = passwords
  if (hidden === undefined) return reject('unsupported_method', 'A password is required')
  const revealed = revealPassword(hidden, secret, packet.authenticator)
  if (revealed === undefined) return drop('bad_password_length')
  const username = credentialText(names[0])
  const password = credentialText(revealed)
  // Nobody has such a name or password, so the core is not asked and counts no failed login.
  if (username === undefined || password === undefined) return reject('invalid_credentials')
  return { kind: 'login', username, password }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text as it was typed, to the octet; undefined when it is empty, not UTF-8, or contains NUL. */
function credentialText(octets: Uint8Array | undefined): string | undefined {
  if (octets === undefined || octets.length === 0 || octets.includes(0)) return undefined
  try {
    return utf8.decode(octets)
  } catch {
    return undefined
  }
}
