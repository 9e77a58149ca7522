/** RFC 4511 appendix A. */
export const ResultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  adminLimitExceeded: 11,
  unavailableCriticalExtension: 12,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  noSuchObject: 32,
  invalidDnSyntax: 34,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  other: 80,
} as const
export type ResultCode = (typeof ResultCode)[keyof typeof ResultCode]

/** LDAPResult (RFC 4511 §4.1.9). */
export interface LdapResult {
  readonly code: number
  readonly matchedDn?: string
  readonly message?: string
}

export const SUCCESS: LdapResult = { code: ResultCode.success }
