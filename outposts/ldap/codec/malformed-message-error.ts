import { MartelloError } from '#schema/kernel/errors.ts'

/** Octets that are not what they claim to be, or that exceed a limit of the decoder. */
export class MalformedMessageError extends MartelloError {
  override readonly code = 'MRT_LDAP_MALFORMED'
}
