import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { LocalListen } from '#controllers/desired/local-process.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { freePorts, until } from '#test/support/engines/process.ts'
import { startTestController } from '#test/support/test-controller.ts'

let core: TestCore
let listen: LocalListen
before(async () => {
  core = await startCore({ controller: true })
  const ports = await freePorts(8)
  const at = (index: number) => ({ host: '127.0.0.1', port: ports[index]!, setting: 'test' })
  listen = {
    proxy: { http: at(0), https: at(1), metrics: at(2) },
    ldap: { ldap: at(3), ldaps: at(4), metrics: at(5) },
    radius: { radius: at(6), metrics: at(7) },
  }
})
after(() => core[Symbol.asyncDispose]())

/** A controller in this process, with its outposts as processes of their own; ends with them. */
const startController = () => startTestController(core, { kinds: ['local'], listen })

const records = async (): Promise<any[]> => (await core.api('GET', '/outposts/deployments/')).body.results
const conditionOf = async (name: string): Promise<string | undefined> =>
  (await records()).find((record) => record.outpost_name === name)?.objects[0]?.condition
const outpostNamed = async (name: string) =>
  (await core.api('GET', `/outposts/instances/?name__iexact=${name}`)).body.results[0]
const isServing = async (port: number) =>
  (await fetch(`http://127.0.0.1:${port}/outpost.goauthentik.io/ping`)).status === 204
/** What is recorded may be of the controller before; only this one's process holds the port. */
const ldapServes = () => until('ldap serves', () => isServing(listen.ldap.metrics.port))
const isReady = (name: string) => until(`${name} is ready`, async () => (await conditionOf(name)) === 'ready')
const isGone = (name: string) => until(`${name} is gone`, async () => (await conditionOf(name)) === undefined)

suite('the controller', () => {
  test('deploys what the core wants, and tells how far it is', async () => {
    await using _ = startController()
    for (const name of ['proxy', 'ldap', 'radius']) await isReady(name)
    const found = (await records()).find(({ outpost_name: name }) => name === 'ldap')
    assert.equal(found.objects[0].reason, 'Serving')
    assert.deepEqual(found.inventory, [{ apiVersion: '', kind: 'Process', name: 'ldap' }])
    assert.ok(await isServing(listen.ldap.metrics.port))
    const [{ pk }] = (await core.api('GET', '/outposts/service_connections/all/')).body.results
    await until('the state of the connection', async () => {
      const { body } = await core.api('GET', `/outposts/service_connections/all/${pk}/state/`)
      return body.healthy === true
    })
  })

  test('CT-11: of two controllers one serves a connection, the other goes on when that one ends', async () => {
    const [{ pk }] = (await core.api('GET', '/outposts/service_connections/all/')).body.results
    const state = async () => (await core.api('GET', `/outposts/service_connections/all/${pk}/state/`)).body
    const processes = async () => (await records()).map(({ objects }) => [objects[0].reason, objects[0].since])
    const first = startController()
    await ldapServes()
    for (const name of ['proxy', 'ldap', 'radius']) await isReady(name)
    const before = await processes()
    const { promise: looked, resolve } = Promise.withResolvers<void>()
    let rounds = 0
    const hasRead = () => void (++rounds === 2 && resolve())
    await using _ = startTestController(core, { kinds: ['local'], listen, hasRead })
    await looked
    assert.deepEqual(await processes(), before, 'the second has left all of it alone')
    assert.equal((await state()).controller, 'test')
    await first[Symbol.asyncDispose]()
    await ldapServes()
    for (const name of ['proxy', 'ldap', 'radius']) await isReady(name)
  })

  test('an outpost that cannot run is shown with its reason, and holds up no other', async () => {
    await using _ = startController()
    await ldapServes()
    const { service_connection, providers } = await outpostNamed('ldap')
    const { body: again } = await core.api('POST', '/outposts/instances/', {
      name: 'again',
      type: 'ldap',
      providers,
      service_connection,
      config: { authentik_host: core.url },
    })
    await until('the reason', async () => {
      const record = (await records()).find(({ outpost }) => outpost === again.pk)
      const [status] = record?.objects ?? []
      return status?.condition === 'failed' && status.message.includes(String(listen.ldap.metrics.port))
    })
    for (const name of ['proxy', 'ldap', 'radius']) await isReady(name)
    await core.api('DELETE', `/outposts/instances/${again.pk}/`)
    await isGone('again')
  })

  test('CT-09: an outpost that loses its connection, or is deleted, is taken down; also if nobody looked then', async () => {
    const ldap = await outpostNamed('ldap')
    {
      await using _ = startController()
      await ldapServes()
      await core.api('PATCH', `/outposts/instances/${ldap.pk}/`, { service_connection: null })
      await isGone('ldap')
      await assert.rejects(isServing(listen.ldap.metrics.port))
    }
    const { pk } = await outpostNamed('radius')
    await core.api('DELETE', `/outposts/instances/${pk}/`)
    assert.equal(
      (await records()).some(({ outpost }) => outpost === pk),
      true,
    )
    await using _ = startController()
    await isGone('radius')
  })
})
