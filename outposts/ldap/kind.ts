import type { OutpostKind } from '#outposts/kind.ts'
import { LdapServer } from './server/ldap-server.ts'

export const kind: OutpostKind = { type: 'ldap', create: (host) => new LdapServer(host) }
