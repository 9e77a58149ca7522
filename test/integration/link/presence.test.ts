import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { STALE_AFTER_MS } from '#schema/kernel/health.ts'
import { CloseCode } from '#schema/wire/messages.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { startPostgresql } from '#test/support/engines/postgresql.ts'
import { databaseFolder, until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { idleKind } from '#test/support/idle-kind.ts'
import { LinkPeer, linked, type Outpost } from '#test/support/link-peer.ts'
import { startOutpost, tokenOf } from '#test/support/outpost.ts'

/** The instances of an outpost that a core lists as linked. */
async function listed(core: TestCore, { pk }: Outpost): Promise<readonly string[]> {
  const { body } = await core.api('GET', `/outposts/instances/${pk}/health/`)
  return body.map(({ uid }: { uid: string }) => uid)
}

/** What a core says of one instance where it tells who has applied a revocation; undefined when it is forgotten. */
async function remembered(core: TestCore, uid: string): Promise<{ connected: boolean } | undefined> {
  const { body } = await core.api('GET', '/outposts/revocations/1/')
  return body.instances.find((instance: { uid: string }) => instance.uid === uid)
}

suite('an instance', () => {
  let core: TestCore
  let ldap: Outpost
  before(async () => {
    core = await startCore()
    ldap = await tokenOf(core.api, 'ldap')
  })
  after(() => core[Symbol.asyncDispose]())
  const hello = (uuid: string) => ({ uuid, capabilities: ['revision', 'revocation', 'applied'] })
  const isListed = async (uid: string) => (await listed(core, ldap)).includes(uid)

  test('that stops in order disappears at once, and is forgotten', async () => {
    const uid = crypto.randomUUID()
    const peer = await linked(core, ldap, hello(uid))
    assert.ok(await isListed(uid))
    peer.socket.close(CloseCode.stopping)
    await until('the end', async () => !(await isListed(uid)))
    assert.equal(await remembered(core, uid), undefined)
  })

  test('whose socket is lost disappears at once, and is remembered as one that may serve what it knows', async () => {
    const uid = crypto.randomUUID()
    const peer = await linked(core, ldap, hello(uid))
    assert.equal((await remembered(core, uid))?.connected, true)
    peer.socket.terminate()
    await until('the end', async () => !(await isListed(uid)))
    assert.equal((await remembered(core, uid))?.connected, false)
  })

  test('that links again before its old socket is known to be dead stays listed when that socket ends', async () => {
    const uid = crypto.randomUUID()
    const [old, other] = [await linked(core, ldap, hello(uid)), await linked(core, ldap, hello(crypto.randomUUID()))]
    const again = await linked(core, ldap, hello(uid))
    old.socket.terminate()
    other.socket.terminate()
    // Ends are worked through in order: once the second is gone, the first has been dealt with.
    await until('the end of the other', async () => (await listed(core, ldap)).length === 1)
    assert.deepEqual(await listed(core, ldap), [uid])
    again.socket.terminate()
    await until('the end', async () => !(await isListed(uid)))
  })

  test('WS-14: two processes of one outpost are two instances', async () => {
    const uids = [crypto.randomUUID(), crypto.randomUUID()]
    const peers = [await linked(core, ldap, hello(uids[0]!)), await linked(core, ldap, hello(uids[1]!))]
    assert.deepEqual((await listed(core, ldap)).toSorted(), uids.toSorted())
    for (const { socket } of peers) socket.close()
  })

  test('WS-05: that has applied something before it says HELLO has applied nothing', async () => {
    const uid = crypto.randomUUID()
    const before = await linked(core, ldap, hello(uid))
    before.socket.terminate()
    await until('the end', async () => !(await isListed(uid)))
    const peer = new LinkPeer(core, ldap, uid)
    await once(peer.socket, 'open')
    peer.say(101, { revision: 1, sequence: 7 })
    peer.say(9)
    await peer.next(0)
    const { body } = await core.api('GET', '/outposts/revocations/7/')
    assert.equal(body.instances.find((each: any) => each.uid === uid).applied_sequence, 0)
    peer.socket.close()
  })
})

test('an instance that falls silent on a socket that stays open is not listed, until it says something', async () => {
  let now = Date.now()
  await using core = await startCore({ clock: { now: () => now } })
  const ldap = await tokenOf(core.api, 'ldap')
  const uid = crypto.randomUUID()
  const peer = await linked(core, ldap, { uuid: uid, capabilities: ['applied'] })
  const silences: ReadonlyArray<[silentMs: number, isThere: boolean]> = [
    [0, true],
    [STALE_AFTER_MS - 1, true],
    [STALE_AFTER_MS, false],
    [3_600_000, false],
  ]
  const since = now
  for (const [silentMs, isThere] of silences) {
    now = since + silentMs
    assert.deepEqual(await listed(core, ldap), isThere ? [uid] : [], `${silentMs} ms`)
    assert.equal((await remembered(core, uid))?.connected, isThere, `${silentMs} ms`)
  }
  const { body } = await core.api('GET', '/outposts/revocations/1/')
  assert.equal(body.connected, 0)
  peer.say(9)
  await peer.next(0)
  assert.deepEqual(await listed(core, ldap), [uid])
  assert.equal((await remembered(core, uid))?.connected, true)
  peer.socket.terminate()
})

test('an embedded core lists nobody after a restart, until they are linked again', async () => {
  using folder = databaseFolder('restarted')
  const uid = crypto.randomUUID()
  const now = Date.now()
  const options = { dataDir: folder.path, clock: { now: () => now } }
  const first = await startCore(options)
  const ldap = await tokenOf(first.api, 'ldap')
  const peer = await linked(first, ldap, { uuid: uid, capabilities: ['applied'] })
  assert.deepEqual(await listed(first, ldap), [uid])
  const closed = peer.closed()
  await first[Symbol.asyncDispose]()
  assert.equal(await closed, CloseCode.goingAway)

  // Whoever was linked to the core before is not to this one, however that one ended.
  await using second = await startCore(options)
  assert.deepEqual(await listed(second, ldap), [])
  assert.equal((await remembered(second, uid))?.connected, false)
  const again = await linked(second, ldap, { uuid: uid, capabilities: ['applied'] })
  assert.deepEqual(await listed(second, ldap), [uid])
  again.socket.terminate()
})

/** One address for whichever core is set, as a load balancer is one. */
async function balancer(to: TestCore) {
  let port = Number(new URL(to.url).port)
  const server = createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    for (const [from, into] of [
      [socket, onward],
      [onward, socket],
    ] as const)
      from.on('error', () => into.destroy()).pipe(into)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: (core: TestCore) => void (port = Number(new URL(core.url).port)),
    [Symbol.dispose]: () => void server.close(),
  }
}

/** How many links of outposts a core holds, by what it reports of itself. */
async function held({ core }: TestCore): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${core.ports.metrics}/metrics`)).text()
  return Number(/^authentik_outposts_connected\{.*\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

test('WS-02: an outpost that moves from a core that stops to another is listed all the while', async (t) => {
  if (!(await hasTool(t, '/usr/lib/postgresql/*/bin/postgres', 'postgresql'))) return
  await using server = await startPostgresql()
  const now = Date.now()
  const options = { database: await server.newDatabase('martello'), clock: { now: () => now } }
  const first = await startCore(options)
  await using second = await startCore(options)
  const ldap = await tokenOf(second.api, 'ldap')
  using address = await balancer(first)
  await using _ = await startOutpost(idleKind('ldap'), address.url, ldap.token)
  await until('the link to the first', async () => (await listed(second, ldap)).length === 1)
  const before = await listed(second, ldap)

  address.set(second)
  const stopped = first[Symbol.asyncDispose]()
  const seen: (readonly string[])[] = []
  while ((await held(second)) === 0) seen.push(await listed(second, ldap))
  await stopped
  seen.push(await listed(second, ldap))
  assert.deepEqual(new Set(seen.map(String)), new Set([String(before)]), `${seen.length} times`)
})
