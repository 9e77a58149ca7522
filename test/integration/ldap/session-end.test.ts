// LD-09 with a whole core: a bind ends with the session of the core that it rests on, which both know by the same hash.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { kind } from '#outposts/ldap/kind.ts'
import type { LdapServer } from '#outposts/ldap/server/ldap-server.ts'
import { ADMIN_PASSWORD, SAMPLE_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'
import { LdapClient, NOTICE, present } from '#test/support/ldap-client.ts'
import { userDn } from '#test/support/ldap-tools.ts'
import { startOutpost, type TestOutpost, tokenOf } from '#test/support/outpost.ts'

const SUCCESS = 0

let core: TestCore
let ldap: TestOutpost
before(async () => {
  core = await startCore()
  const { body } = await core.api('GET', '/providers/ldap/')
  await core.api('PATCH', `/providers/ldap/${body.results[0].pk}/`, { bind_mode: 'cached' })
  ldap = await startOutpost(kind, core.url, (await tokenOf(core.api, 'ldap')).token)
})
after(async () => {
  await ldap[Symbol.asyncDispose]()
  await core[Symbol.asyncDispose]()
})

async function bound(username: string, password: string): Promise<LdapClient> {
  const client = await LdapClient.open((ldap.outpost.server as LdapServer).ports[0]!)
  assert.equal(await client.bind(userDn(username), password), SUCCESS)
  return client
}

/** The sessions of demo in the core. */
async function sessions(): Promise<readonly string[]> {
  const { body } = await core.api('GET', '/core/authenticated_sessions/?user__username=demo')
  return body.results.map(({ uuid }: { uuid: string }) => uuid)
}

test('LD-09: who ends the session of a bind in the core ends what rests on it', { timeout: 30_000 }, async () => {
  using first = await bound('demo', SAMPLE_PASSWORD)
  const [session, ...others] = await sessions()
  assert.ok(session !== undefined)
  assert.deepEqual(others, [])
  using second = await bound('demo', SAMPLE_PASSWORD)
  using administrator = await bound('akadmin', ADMIN_PASSWORD)
  assert.deepEqual(await sessions(), [session], 'the second bind is answered from memory')

  assert.equal((await core.api('DELETE', `/core/authenticated_sessions/${session}/`)).status, 204)
  for (const client of [first, second]) {
    assert.equal((await client.next())?.tag, NOTICE.tag)
    assert.equal(await client.next(), undefined, 'the connection has ended')
  }
  assert.equal((await administrator.search(present('cn'))).code, SUCCESS, 'others stay')

  using _ = await bound('demo', SAMPLE_PASSWORD)
  const [again] = await sessions()
  assert.ok(again !== undefined && again !== session, 'the core was asked again')
})
