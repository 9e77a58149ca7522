// WS-06 with a whole core and every kind of outpost: what an outpost still does once the core says no to it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { kind as ldapKind } from '#outposts/ldap/kind.ts'
import type { LdapServer } from '#outposts/ldap/server/ldap-server.ts'
import { GRACE_MS } from '#outposts/link/standing.ts'
import { kind as radiusKind } from '#outposts/radius/kind.ts'
import type { RadiusServer } from '#outposts/radius/radius-server.ts'
import { RADIUS_SECRET, SAMPLE_PASSWORD, type TestCore } from '#test/support/core.ts'
import { until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { HttpFleet, Visitor } from '#test/support/http-fleet.ts'
import { ldapWhoAmI } from '#test/support/ldap-tools.ts'
import { bootOutpost, startOutpost, type TestOutpost, tokenOf } from '#test/support/outpost.ts'
import { papAttributes, radclient } from '#test/support/radclient.ts'

const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs }
let fleet: HttpFleet
let core: TestCore
let ldap: TestOutpost
let ldapToken: string
let radius: TestOutpost
let visitor: Visitor

before(async () => {
  fleet = await HttpFleet.start({ app: {} }, { clock })
  core = fleet.core
  const { body: providers } = await core.api('GET', '/providers/ldap/')
  await core.api('PATCH', `/providers/ldap/${providers.results[0].pk}/`, { bind_mode: 'cached' })
  ldapToken = (await tokenOf(core.api, 'ldap')).token
  ldap = await startOutpost(ldapKind, core.url, ldapToken, { clock })
  radius = await startOutpost(radiusKind, core.url, (await tokenOf(core.api, 'radius')).token, { clock })
  visitor = new Visitor(fleet)
  await visitor.signIn()
})
after(async () => {
  for (const outpost of [ldap, radius]) await outpost[Symbol.asyncDispose]()
  await fleet[Symbol.asyncDispose]()
})

const bind = async () => {
  const [port] = (ldap.outpost.server as LdapServer).ports
  return (await ldapWhoAmI({ url: `ldap://127.0.0.1:${port}`, user: 'demo', password: SAMPLE_PASSWORD })).code
}
const authenticate = async () => {
  const { port } = radius.outpost.server as RadiusServer
  return (await radclient({ port: port!, secret: RADIUS_SECRET, attributes: papAttributes('demo', SAMPLE_PASSWORD) }))
    .kind
}
const begin = async () => (await fleet.ask('/outpost.goauthentik.io/start?rd=%2F')).status
const goOn = async () => (await fleet.ask('/', { headers: { cookie: visitor.cookie() } })).status

/** Whether the outpost says of itself that the core refuses it. */
async function isRefused(metricsPort: number): Promise<boolean> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const [, value] = /^martello_outpost_refused\{.*\} (\d)$/m.exec(text) ?? []
  assert.ok(value !== undefined, 'the metric is there')
  return value === '1'
}
const metricsPorts = () => [fleet.metricsPort, ldap.outpost.metricsPort, radius.outpost.metricsPort]

const everything = async () => [await bind(), await authenticate(), await begin(), await goOn()]
const UNAVAILABLE = 52

test('WS-06: outposts whose tokens are deleted say so, and after the grace let nobody in who is not in', async (t) => {
  if (!(await hasTool(t, 'ldapwhoami', 'ldap-utils')) || !(await hasTool(t, 'radclient', 'freeradius-utils'))) return
  await t.test('nobody refuses them: however much time passes, they go on', async () => {
    assert.equal(await bind(), 0)
    clock.aheadMs += 2 * GRACE_MS
    assert.deepEqual(await everything(), [0, 'Access-Accept', 302, 200])
    for (const port of metricsPorts()) assert.equal(await isRefused(port), false)
  })
  await t.test('within the grace they do all that they did', async () => {
    for (const name of ['proxy', 'ldap', 'radius']) {
      const { body } = await core.api('GET', `/outposts/instances/?name__iexact=${name}`)
      const { status } = await core.api('DELETE', `/core/tokens/${body.results[0].token_identifier}/`)
      assert.equal(status, 204)
    }
    for (const port of metricsPorts()) await until('the refusal', () => isRefused(port))
    assert.deepEqual(await everything(), [0, 'Access-Accept', 302, 200])
  })
  await t.test('after the grace nobody is let in, and whoever is in stays in', async () => {
    clock.aheadMs += GRACE_MS
    assert.deepEqual(await everything(), [UNAVAILABLE, 'silence', 503, 200])
  })
  await t.test('one that boots with such a token says so too, and is not ready', async () => {
    await using stranger = await bootOutpost(ldapKind, core.url, ldapToken, { clock })
    const { metricsPort } = stranger.outpost
    await until('the refusal', () => isRefused(metricsPort))
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${metricsPort}${path}`)).status
    assert.equal(await status('/-/health/ready/'), 503)
    assert.equal(await status('/outpost.goauthentik.io/ping'), 503)
    assert.equal(await status('/-/health/live/'), 204)
  })
})
