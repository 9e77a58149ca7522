import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { Curl } from '#test/support/curl.ts'
import { until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import type { RunningFleet } from '#test/support/fleet.ts'
import { ldapWhoAmI } from '#test/support/ldap-tools.ts'
import { papAttributes, radclient } from '#test/support/radclient.ts'

const WITHIN_MS = 1000
const OUTPOSTS = 3

const users = z.object({ results: z.array(z.object({ pk: z.number(), username: z.string() })) })
const applied = z.object({ applied: z.number(), connected: z.number() })

/** What one person can do on three protocols, asked without signing in anew at the proxy. */
export interface Standing {
  proxy(): Promise<boolean>
  ldap(): Promise<boolean>
  radius(): Promise<RadiusKind>
}
type RadiusKind = Awaited<ReturnType<typeof radclient>>['kind']

/** Signs demo in everywhere; `curl` keeps the cookies of the proxy. */
export async function standingOfDemo(fleet: RunningFleet, curl: Curl): Promise<Standing> {
  const { ports, password, radiusSecret: secret } = fleet
  const page = await curl.signIn(`http://sample.localhost:${ports.proxy}/`, 'demo', password)
  assert.equal(page.status, 200, 'demo signs in at the proxy')
  const cookie = curl.cookies('sample.localhost')
  const standing: Standing = {
    proxy: async () => (await fleet.get('sample.localhost', { cookie })).status === 200,
    ldap: async () => (await ldapWhoAmI({ url: `ldap://127.0.0.1:${ports.ldap}`, user: 'demo', password })).code === 0,
    radius: async () =>
      (await radclient({ port: ports.radius, secret, attributes: papAttributes('demo', password) })).kind,
  }
  assert.ok(await standing.proxy(), 'the session of the proxy')
  assert.ok(await standing.ldap(), 'the bind')
  assert.equal(await standing.radius(), 'Access-Accept')
  return standing
}

/** Deactivation reaches every protocol. */
export function revocationSuite(running: () => RunningFleet): void {
  test('deactivating demo ends its session, bind and network access within a second, and says where', async (t) => {
    if (!(await hasTool(t, 'ldapsearch', 'ldap-utils')) || !(await hasTool(t, 'radclient', 'freeradius-utils'))) return
    const fleet = running()
    using curl = new Curl()
    const standing = await standingOfDemo(fleet, curl)
    const { results } = users.parse(await (await fleet.api('GET', '/core/users/?username=demo')).json())
    const demo = `/core/users/${results[0]!.pk}/`
    const answer = await fleet.api('PATCH', demo, { is_active: false })
    try {
      const withinMs = WITHIN_MS
      await Promise.all([
        until('the proxy refuses demo', async () => !(await standing.proxy()), { withinMs }),
        until('LDAP refuses demo', async () => !(await standing.ldap()), { withinMs }),
        until('RADIUS refuses demo', async () => (await standing.radius()) === 'Access-Reject', { withinMs }),
      ])
      const sequence = answer.headers.get('x-martello-revocation')
      await until(
        'every outpost has applied it',
        async () => {
          const state = applied.parse(await (await fleet.api('GET', `/outposts/revocations/${sequence}/`)).json())
          return state.connected === OUTPOSTS && state.applied === OUTPOSTS
        },
        { withinMs },
      )
    } finally {
      await fleet.api('PATCH', demo, { is_active: true })
    }
    using again = new Curl()
    await standingOfDemo(fleet, again)
  })
}
