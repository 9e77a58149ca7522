import { type Answer, run } from './engines/tools.ts'

export const BASE_DN = 'dc=ldap,dc=goauthentik,dc=io'
export const userDn = (name: string) => `cn=${name},ou=users,${BASE_DN}`

export interface LdapQuestion {
  readonly url: string
  readonly user: string
  readonly password: string
  readonly args?: readonly string[]
}

const ask = (tool: string, { url, user, password, args = [] }: LdapQuestion): Promise<Answer> =>
  run(tool, ['-x', '-H', url, '-o', 'nettimeout=5', '-D', userDn(user), '-w', password, ...args], {
    // The outpost's own certificate is signed by itself.
    env: { LDAPTLS_REQCERT: 'never' },
  })

/** Binds and asks who it is; the exit code is the result code of LDAP. */
export const ldapWhoAmI = (question: LdapQuestion) => ask('ldapwhoami', question)

/** The common names that a search below the base finds. */
export async function ldapNames(question: LdapQuestion, filter: string): Promise<readonly string[]> {
  const { text } = await ask('ldapsearch', { ...question, args: ['-LLL', '-b', BASE_DN, filter, 'cn'] })
  return [...text.matchAll(/^cn: (.+)$/gm)].map((match) => match[1]!).sort()
}
