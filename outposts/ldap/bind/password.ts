export interface PasswordParts {
  readonly password: string
  readonly code?: string
}

const WITH_CODE = /^(.+);(\d{6}|[A-Za-z0-9]{8,16})$/s

/**
 * The ways to read a password that may carry an authenticator's code after its last `;`: first as it is, so that a
 * password that looks like this keeps working, then as password and code.
 */
export function readingsOf(text: string, supportsCodes: boolean): readonly PasswordParts[] {
  const [, password, code] = (supportsCodes ? WITH_CODE.exec(text) : undefined) ?? []
  return password === undefined || code === undefined ? [{ password: text }] : [{ password: text }, { password, code }]
}
