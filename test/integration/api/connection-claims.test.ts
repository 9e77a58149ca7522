// CT-11: of several controllers, wherever they run, one at a time serves a service connection.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import test, { after, before } from 'node:test'
import { eq, sql } from 'drizzle-orm'
import { coreClient } from '#controllers/core-client.ts'
import { Claims } from '#controllers/loop/claims.ts'
import { ensureControllerAccount } from '#core/bootstrap/controller-account.ts'
import { controllers } from '#core/store/tables/controllers.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { CLAIM_MS } from '#schema/deployment/claim.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { type ApiBench, startApi } from '#test/support/api-bench.ts'

const TOKEN = 'token-of-the-controller-in-tests'
const CONNECTIONS = 'outposts/service_connections/'

let api: ApiBench
before(async () => {
  api = await startApi()
  await ensureControllerAccount({ ...api.ctx, config: { ...api.ctx.config, controllerToken: new Secret(TOKEN) } })
})
after(() => api[Symbol.asyncDispose]())

let count = 0
async function newConnection(): Promise<string> {
  const json = { name: `docker-${++count}`, url: 'unix:///run/docker.sock' }
  return (await api.ask('POST', `${CONNECTIONS}docker/`, { json })).body.pk
}
const identity = (name: string) => ({ controller: randomUUID(), name })
const claim = (who: object, connections: readonly string[], as = TOKEN) =>
  api.ask('PUT', 'outposts/controller/claims/', { as, json: { ...who, connections } })
async function heldBy(who: object, connections: readonly string[]): Promise<readonly string[]> {
  const { status, body } = await claim(who, connections)
  assert.equal(status, 200, JSON.stringify(body))
  return body.held.toSorted()
}
/** Nothing was heard of it for longer than a claim lasts. */
const silence = ({ controller }: { controller: string }) =>
  api.ctx.db.update(controllers).set({ until: sql`now() - interval '1 second'` }).where(eq(controllers.id, controller))

test('CT-11: what one has, another gets when it is let go of, or nothing is heard of it any more', async () => {
  const [a, b] = [identity('a'), identity('b')]
  const [one, two, three] = [await newConnection(), await newConnection(), await newConnection()]
  assert.deepEqual(await heldBy(a, [one, two]), [one, two].toSorted())
  const { body } = await claim(b, [one, three])
  assert.deepEqual(body.held, [three])
  assert.deepEqual(new Map(body.others.map((each: any) => [each.connection, each.name])).get(one), 'a')
  assert.deepEqual(await heldBy(a, [two]), [two], 'renewed, and the other let go of')
  assert.deepEqual(await heldBy(b, [one, two, three]), [one, three].toSorted())
  await silence(a)
  assert.deepEqual(await heldBy(b, [one, two, three]), [one, two, three].toSorted())
  assert.deepEqual(await heldBy(a, [one, two]), [], 'who comes back finds them taken')
  await silence(b)
  assert.deepEqual(await heldBy(b, [one]), [one], 'nobody else has asked meanwhile')
  const leaving = await claim(b, [])
  assert.deepEqual([leaving.status, leaving.body.held], [200, []])
  await claim(b, [two])
  const looking = await claim(identity('c'), [])
  assert.equal(looking.body.others.find((each: any) => each.connection === two).name, 'b', 'who takes none is told too')
  assert.deepEqual(await heldBy(a, [one]), [one])
  assert.deepEqual(await heldBy(a, [one, randomUUID()]), [one], 'a connection that is gone is nobody’s')
})

test('CT-11: who serves a connection is told with it and with what is deployed through it', async () => {
  const [connection, outpost, a] = [await newConnection(), randomUUID(), identity('controller on a')]
  const record = { outpost_name: 'edge', connection, inventory: [], objects: [], reconciled: '2026-11-26T05:00:00Z' }
  const told = async () => {
    const [state, deployment] = [`${CONNECTIONS}all/${connection}/state/`, `outposts/deployments/${outpost}/`]
    return [(await api.ask('GET', state)).body.controller, (await api.ask('GET', deployment)).body.controller]
  }
  assert.equal((await api.ask('PUT', `outposts/deployments/${outpost}/`, { as: TOKEN, json: record })).status, 200)
  assert.deepEqual(await told(), [null, null])
  await claim(a, [connection])
  assert.deepEqual(await told(), ['controller on a', 'controller on a'])
  await silence(a)
  assert.deepEqual(await told(), [null, null])
})

test('CT-11: what comes late from a controller that another has followed is not kept', async () => {
  const [connection, outpost] = [await newConnection(), randomUUID()]
  const [a, b] = [identity('a'), identity('b')]
  const write = async ({ controller }: { controller: string }, error: string) => {
    const json = {
      outpost_name: 'late',
      connection,
      inventory: [],
      objects: [],
      error,
      reconciled: '2026-11-26T05:00:00Z',
    }
    return (await api.ask('PUT', `outposts/deployments/${outpost}/?controller=${controller}`, { as: TOKEN, json }))
      .status
  }
  assert.equal(await write(a, 'before anybody has it'), 200)
  await claim(a, [connection])
  assert.equal(await write(a, 'of a'), 200)
  assert.equal(await write(b, 'of b, which does not have it'), 409)
  await silence(a)
  assert.equal(await write(a, 'of a, of which nothing was heard'), 200, 'nobody else has it')
  await claim(b, [connection])
  assert.equal(await write(a, 'of a, late'), 409)
  assert.equal(await write(b, 'of b'), 200)
  assert.equal((await api.ask('GET', `outposts/deployments/${outpost}/`)).body.error, 'of b')
})

test('CT-11: claims are for those who may report on a connection', async () => {
  const { token } = await api.plainUser('plain')
  const connection = await newConnection()
  assert.equal((await claim(identity('x'), [connection], token)).status, 403)
  const wrong = [
    [{ controller: 'short', name: 'x' }, 'controller'],
    [{ controller: randomUUID(), name: '' }, 'name'],
    [{ ...identity('x'), name: undefined }, 'name'],
  ] as const
  for (const [who, field] of wrong) {
    const { status, body } = await claim(who, [connection])
    assert.deepEqual([status, Object.keys(body)], [400, [field]])
  }
  const { status, body } = await claim(identity('x'), ['x'])
  assert.deepEqual([status, Object.keys(body)], [400, ['connections']])
  const other = await claim(identity('x'), [connection])
  assert.deepEqual(other.body.held, [connection], 'nothing of that was taken')
})

test('CT-11: what is not renewed in time is not served any more, nor what another has got', async () => {
  const core = coreClient(new URL(api.origin), new Secret(TOKEN))
  const connection = await newConnection()
  let now = 0
  const a = identity('a')
  await using claims = new Claims({ core, identity: a, log: silentLogger, elapsed: () => now })
  await claims.keep(new Set([connection]))
  const { signal } = claims
  assert.equal(claims.holds(connection), true)
  now += 9_999
  assert.equal(claims.holds(connection), true)
  now += 1
  assert.equal(claims.holds(connection), false, 'well before anybody else may begin')
  await claims.keep(new Set([connection]))
  assert.equal(claims.holds(connection), true)
  await silence(a)
  const b = identity('b')
  assert.deepEqual(await heldBy(b, [connection]), [connection])
  now += 10_000
  await claims.keep(new Set([connection]))
  assert.deepEqual([claims.holds(connection), claims.holderOf(connection)], [false, 'b'])
  assert.equal(signal.aborted, true, 'what was under way has ended')
})

test('CT-11: what is under way ends by itself while the core is not heard of', { timeout: 60_000 }, async () => {
  const core = coreClient(new URL(api.origin), new Secret(TOKEN))
  const connection = await newConnection()
  let isAway = false
  const away = () => Promise.reject(new CoreUnreachableError('the core is away'))
  const line: CoreClient = { request: (request) => (isAway ? away() : core.request(request)) }
  const timing = { renewEveryMs: 20, marginMs: CLAIM_MS - 500 }
  await using claims = new Claims({ core: line, identity: identity('a'), log: silentLogger, timing })
  await claims.keep(new Set([connection]))
  const { signal } = claims
  isAway = true
  if (!signal.aborted) await once(signal, 'abort')
  assert.equal(claims.holds(connection), false)
  await assert.rejects(claims.keep(new Set([connection])), CoreUnreachableError)
  isAway = false
  await claims.keep(new Set([connection]))
  assert.deepEqual([claims.holds(connection), claims.signal.aborted], [true, false])
})

test('CT-11: who ends lets others begin at once', async () => {
  const core = coreClient(new URL(api.origin), new Secret(TOKEN))
  const connection = await newConnection()
  const first = new Claims({ core, identity: identity('first'), log: silentLogger })
  await first.keep(new Set([connection]))
  await using second = new Claims({ core, identity: identity('second'), log: silentLogger })
  await second.keep(new Set([connection]))
  assert.equal(second.holds(connection), false)
  const { signal } = first
  await first[Symbol.asyncDispose]()
  assert.deepEqual([first.holds(connection), signal.aborted], [false, true])
  const other = await newConnection()
  await second.keep(new Set([connection, other]))
  assert.deepEqual([second.holds(connection), second.holds(other)], [true, true])
})
