import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasTool } from '#test/support/engines/tools.ts'
import type { RunningFleet } from '#test/support/fleet.ts'
import { type LdapQuestion, ldapNames, ldapWhoAmI } from '#test/support/ldap-tools.ts'

const TOOL = ['ldapsearch', 'ldap-utils'] as const
const INVALID_CREDENTIALS = 49
const INSUFFICIENT_ACCESS_RIGHTS = 50

/** The directory, asked with OpenLDAP's own tools. */
export function directorySuite(running: () => RunningFleet): void {
  const demo = (change: Partial<LdapQuestion> = {}): LdapQuestion => ({
    url: `ldap://127.0.0.1:${running().ports.ldap}`,
    user: 'demo',
    password: running().password,
    ...change,
  })

  test('demo binds and finds itself, nobody else', async (t) => {
    if (!(await hasTool(t, ...TOOL))) return
    assert.deepEqual(await ldapNames(demo(), '(objectClass=user)'), ['demo'])
  })

  test('akadmin finds everybody', async (t) => {
    if (!(await hasTool(t, ...TOOL))) return
    const akadmin = demo({ user: 'akadmin', password: running().adminPassword })
    const names = await ldapNames(akadmin, '(&(objectClass=user)(|(cn=demo)(cn=guest)(cn=akadmin)))')
    assert.deepEqual(names, ['akadmin', 'demo', 'guest'])
  })

  test('a wrong password is invalidCredentials, a second time too', async (t) => {
    if (!(await hasTool(t, ...TOOL))) return
    for (let attempt = 0; attempt < 2; attempt++)
      assert.equal((await ldapWhoAmI(demo({ password: 'wrong' }))).code, INVALID_CREDENTIALS)
  })

  test('guest is refused with the right password', async (t) => {
    if (!(await hasTool(t, ...TOOL))) return
    assert.equal((await ldapWhoAmI(demo({ user: 'guest' }))).code, INSUFFICIENT_ACCESS_RIGHTS)
  })

  for (const [name, change] of [
    ['StartTLS', () => ({ args: ['-ZZ'] })],
    ['LDAPS', () => ({ url: `ldaps://127.0.0.1:${running().ports.ldaps}` })],
  ] as const)
    test(`demo binds over ${name}`, async (t) => {
      if (!(await hasTool(t, ...TOOL))) return
      const answer = await ldapWhoAmI(demo(change()))
      assert.equal(answer.code, 0, answer.text)
    })
}
