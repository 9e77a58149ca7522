import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { eq } from 'drizzle-orm'
import type { LocalListen } from '#controllers/desired/local-process.ts'
import { connectionClaims, controllers } from '#core/store/tables/controllers.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { freePorts, until } from '#test/support/engines/process.ts'
import { makeOutpost } from '#test/support/kubernetes-fleet.ts'
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

/** A daemon that says which one it is, and nothing more. */
async function startHangingDocker() {
  const waiting = new Set<object>()
  const server = createServer((request, response) => {
    if (/\/(?:version|_ping)$/.test(request.url ?? '')) {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ Version: '27', ApiVersion: '1.45', MinAPIVersion: '1.24' }))
      return
    }
    waiting.add(response)
    response.on('close', () => waiting.delete(response))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    waiting: () => waiting.size,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

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

  test('CT-11: what another controller has got is let go of: work under way, and processes', async () => {
    await using daemon = await startHangingDocker()
    const body = { name: 'hanging', url: daemon.url }
    const { pk: docker } = (await core.api('POST', '/outposts/service_connections/docker/', body)).body
    const outpost = await makeOutpost(core, { name: 'hanging', type: 'radius', connection: docker, config: {} })
    await using _ = startTestController(core, { kinds: ['local', 'docker'], listen })
    await ldapServes()
    await until('work under way', async () => daemon.waiting() > 0)

    const { db } = core.core.ctx
    const another = { id: crypto.randomUUID(), name: 'another', until: new Date(Date.now() + 600_000) }
    await db.insert(controllers).values(another)
    await db.update(connectionClaims).set({ controller: another.id })
    // Sooner than a daemon is given up that does not answer.
    await until('work to end', async () => daemon.waiting() === 0, { withinMs: 10_000 })
    await until('its processes to end', () =>
      isServing(listen.ldap.metrics.port).then(
        () => false,
        () => true,
      ),
    )

    await core.api('DELETE', `/outposts/instances/${outpost}/`)
    await db.delete(controllers).where(eq(controllers.id, another.id))
    await ldapServes()
    await core.api('DELETE', `/outposts/deployments/${outpost}/`)
    await core.api('DELETE', `/outposts/service_connections/docker/${docker}/`)
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
