import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface LdapVector {
  readonly name: string
  readonly octets: Buffer
  /** The kind of the request; with the reason where it is `malformed` or `no message`. */
  readonly kind: string
}

/** The messages of `test/vectors/ldap`. */
export function ldapVectors(): readonly LdapVector[] {
  const text = readFileSync(join(import.meta.dirname, '..', 'vectors', 'ldap', 'requests.hex'), 'utf8')
  return text
    .trim()
    .split('\n\n')
    .slice(1)
    .map((block) => {
      const [name = '', octets = '', kind = ''] = block.split('\n').map((line) => line.slice(2))
      return { name, octets: Buffer.from(octets, 'hex'), kind }
    })
}
