import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import type { WebSocket } from 'ws'
import { userPermissions } from '#core/store/tables/users.ts'
import type { OutpostKind } from '#outposts/kind.ts'
import { CloseCode, type Revocation, type WireChange } from '#schema/wire/messages.ts'
import { ADMIN_PASSWORD, ADMIN_TOKEN, startCore, type TestCore } from '#test/support/core.ts'
import { until } from '#test/support/engines/process.ts'
import { idleKind } from '#test/support/idle-kind.ts'
import { bearer, handshakeStatus, LinkPeer, linked, linkUrl, type Outpost } from '#test/support/link-peer.ts'
import { startOutpost, tokenOf } from '#test/support/outpost.ts'
import { signedIn, statusOfMe } from '#test/support/sign-in.ts'

let core: TestCore
let ldap: Outpost
let proxy: Outpost
/** The cookies of an administrator who is signed in. */
let administrator: string
const VIEWER_TOKEN = 'token-of-somebody-who-sees-outposts'
before(async () => {
  core = await startCore()
  await makeViewer()
  ldap = await tokenOf(core.api, 'ldap')
  proxy = await tokenOf(core.api, 'proxy')
  const jar = await signedIn(core, 'akadmin', ADMIN_PASSWORD)
  assert.equal(await statusOfMe(core, jar), 200)
  administrator = jar.header()
})
after(() => core[Symbol.asyncDispose]())

/** Somebody who may see every outpost, and is none. */
async function makeViewer(): Promise<void> {
  const { body: user } = await core.api('POST', '/core/users/', { username: 'viewer', name: 'Viewer' })
  await core.api('POST', '/core/tokens/', { identifier: 'viewer', user: user.pk, expiring: false })
  await core.api('POST', '/core/tokens/viewer/set_key/', { key: VIEWER_TOKEN })
  const permission = 'authentik_outposts.view_outpost'
  await core.core.ctx.db.insert(userPermissions).values({ userId: user.pk, permission, objectPk: null })
}

/** A kind that serves nothing and remembers what it was told. */
function recording(type: OutpostKind['type']) {
  const changes: (readonly WireChange[] | undefined)[] = []
  const revocations: Revocation[] = []
  const kind = idleKind(type, {
    configure: async (_outpost, told) => void changes.push(told),
    revoke: (ended) => void revocations.push(...ended),
  })
  return { kind, changes, revocations }
}

/** A handshake with a token that is good, from a page of this origin. */
const from = (origin: string) => ({ ...bearer(ldap.token), origin })

suite('handshake', () => {
  const refused: ReadonlyArray<[what: string, url: () => string, options: () => object]> = [
    ['no token', () => linkUrl(core, ldap.pk), () => ({})],
    ['a wrong token', () => linkUrl(core, ldap.pk), () => bearer('wrong')],
    ['a truncated token', () => linkUrl(core, ldap.pk), () => bearer(ldap.token.slice(0, -1))],
    ['WS-08: the token of another outpost', () => linkUrl(core, ldap.pk), () => bearer(proxy.token)],
    ['WS-08: the token of somebody who may see the outpost', () => linkUrl(core, ldap.pk), () => bearer(VIEWER_TOKEN)],
    ['an outpost that does not exist', () => linkUrl(core, crypto.randomUUID()), () => bearer(ldap.token)],
    ['no UUID', () => linkUrl(core, '..%2f'), () => bearer(ldap.token)],
    ['WS-07: the token in the query', () => `${linkUrl(core, ldap.pk)}?token=${ldap.token}`, () => ({})],
    ['WS-07: a foreign Origin', () => linkUrl(core, ldap.pk), () => from('https://evil.example')],
    ['WS-07: Origin null', () => linkUrl(core, ldap.pk), () => from('null')],
    ["WS-07: the core's own Origin", () => linkUrl(core, ldap.pk), () => from(core.url)],
    [
      'WS-07: the session of an administrator in a browser, without a token',
      () => linkUrl(core, ldap.pk),
      () => ({ headers: { cookie: administrator } }),
    ],
    ['another path', () => linkUrl(core, ldap.pk).replace('/outpost/', '/other/'), () => bearer(ldap.token)],
  ]
  for (const [what, url, options] of refused)
    test(`403 for ${what}`, async () => assert.equal(await handshakeStatus(url(), options()), 403))
})

suite('WS-05: messages', () => {
  const closing: ReadonlyArray<[what: string, send: (socket: WebSocket) => void, code: number]> = [
    ['no JSON', (socket) => socket.send('{'), 1007],
    ['JSON of a wrong shape', (socket) => socket.send('{"instruction":"one"}'), 1007],
    ['binary', (socket) => socket.send(Buffer.from([1, 2, 3])), 1007],
    [
      '64 KiB and more',
      (socket) => socket.send(JSON.stringify({ instruction: 1, args: { hostname: 'x'.repeat(70_000) } })),
      1009,
    ],
    [
      'a flood',
      (socket) => {
        for (let i = 0; i < 500; i++) socket.send('{"instruction":9}')
      },
      1008,
    ],
  ]
  for (const [what, send, code] of closing)
    test(`${what} closes this link with ${code}, and no other`, async () => {
      const other = await linked(core, ldap)
      const peer = await linked(core, ldap)
      send(peer.socket)
      const [closed] = await once(peer.socket, 'close')
      assert.equal(closed, code)
      other.say(1, {})
      await other.next(0)
      other.socket.close()
    })

  test('an unknown instruction is acknowledged', async () => {
    const peer = await linked(core, ldap)
    peer.say(77, { surplus: true })
    await peer.next(0)
    peer.socket.close()
  })
})

suite('updates and revocations', () => {
  test('a reference outpost gets a bare trigger, and only for what concerns it', async () => {
    const about = await linked(core, ldap)
    const other = await linked(core, proxy)
    const { body } = await core.api('GET', '/providers/ldap/')
    await core.api('PATCH', `/providers/ldap/${body.results[0].pk}/`, { uid_start_number: 3000 })
    assert.deepEqual((await about.next(2)).args, {})
    // Messages arrive in order: had the other one been told too, it would have been before this answer.
    other.say(5)
    await other.next(0)
    for (const { socket } of [about, other]) socket.close()
  })

  test('a Martello outpost is told what has changed, and says what it has applied', async () => {
    const { kind, changes, revocations } = recording('ldap')
    await using running = await startOutpost(kind, core.url, ldap.token)
    assert.ok(running.outpost)
    await until(
      'the link',
      async () => (await core.api('GET', `/outposts/instances/${ldap.pk}/health/`)).body.length > 0,
    )
    const { body: user } = await core.api('POST', '/core/users/', { username: 'changing', name: 'x' })
    await until('the change', async () =>
      changes.some((told) => told?.some(({ model, pk }) => model === 'authentik_core.user' && pk === String(user.pk))),
    )
    const { headers } = await core.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
    const sequence = headers.get('x-martello-revocation')
    await until('the acknowledgement', async () => {
      const { body } = await core.api('GET', `/outposts/revocations/${sequence}/`)
      return body.instances.some(
        (instance: any) => instance.outpost === ldap.pk && instance.applied_sequence >= Number(sequence),
      )
    })
    assert.ok(revocations.some((each) => each.user.pk === user.pk && each.reason === 'deactivated'))
  })

  test('WS-08: an outpost cannot acknowledge in the name of another', async () => {
    const uuid = crypto.randomUUID()
    const capabilities = ['revocation', 'applied']
    const { body: user } = await core.api('POST', '/core/users/', { username: 'forged', name: 'x' })
    const { headers } = await core.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
    const sequence = Number(headers.get('x-martello-revocation'))
    const [own, other] = [
      await linked(core, ldap, { uuid, capabilities }),
      await linked(core, proxy, { uuid, capabilities }),
    ]
    other.say(101, { revision: 0, sequence })
    // Messages are handled in order: this answer comes after the acknowledgement was.
    other.say(5)
    await other.next(0)
    const { body } = await core.api('GET', `/outposts/revocations/${sequence}/`)
    const reached = (pk: string) => body.instances.find((each: any) => each.outpost === pk && each.uid === uuid)
    assert.deepEqual([reached(ldap.pk).applied_sequence, reached(proxy.pk).applied_sequence], [0, sequence])
    for (const { socket } of [own, other]) socket.close()
  })

  test('what was revoked while an outpost was away is replayed in order', async () => {
    const { body: user } = await core.api('POST', '/core/users/', { username: 'away', name: 'x' })
    await core.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
    const peer = new LinkPeer(core, proxy)
    await once(peer.socket, 'open')
    peer.say(1, { uuid: crypto.randomUUID(), capabilities: ['revocation'], sequence: 0 })
    const { args } = await peer.next(100)
    const sequences = args.revocations.map((each: any) => each.sequence)
    assert.deepEqual(
      sequences,
      sequences.toSorted((a: number, b: number) => a - b),
    )
    assert.ok(args.revocations.some((each: any) => each.user.pk === user.pk))
    peer.socket.close()
  })

  test('WS-11: of many outposts each is told of every change, in the order in which they were made', async () => {
    const peers = await Promise.all(
      Array.from({ length: 30 }, () => linked(core, ldap, { capabilities: ['revision'], revision: 1_000_000 })),
    )
    const made: string[] = []
    for (const username of ['one', 'two', 'three', 'four'])
      made.push(String((await core.api('POST', '/core/users/', { username, name: 'x' })).body.pk))
    for (const peer of peers) {
      const told: string[] = []
      for (let revision = 0; !made.every((pk) => told.includes(pk)); ) {
        const { args } = await peer.next(2)
        assert.ok(args.revision > revision)
        revision = args.revision
        told.push(...(args.changes ?? []).map((change: WireChange) => change.pk))
      }
      assert.deepEqual(
        told.filter((pk) => made.includes(pk)),
        made,
      )
      peer.socket.close()
    }
  })

  test('WS-06: a link ends when its outpost is deleted, with the code that says so, and its token is gone too', async () => {
    const { body: providers } = await core.api('GET', '/providers/ldap/')
    const { body: outpost } = await core.api('POST', '/outposts/instances/', {
      name: 'short-lived',
      type: 'ldap',
      providers: [providers.results[0].pk],
      config: {},
    })
    const own = await tokenOf(core.api, 'short-lived')
    const peer = await linked(core, own)
    const closed = peer.closed()
    assert.equal((await core.api('DELETE', `/outposts/instances/${outpost.pk}/`)).status, 204)
    assert.equal(await closed, CloseCode.gone)
    assert.equal(await handshakeStatus(linkUrl(core, outpost.pk), bearer(own.token)), 403)
    const answer = await fetch(`${core.url}/api/v3/outposts/instances/`, bearer(own.token))
    assert.ok(answer.status === 401 || answer.status === 403, `${answer.status}`)
  })

  test('WS-06: a link ends when its token does, and is not let in again', async () => {
    const { body } = await core.api('GET', '/outposts/instances/?name__iexact=radius')
    const [outpost] = body.results
    const { body: key } = await core.api('GET', `/core/tokens/${outpost.token_identifier}/view_key/`)
    const peer = await linked(core, { pk: outpost.pk, token: key.key })
    const closed = once(peer.socket, 'close')
    await core.api('DELETE', `/core/tokens/${outpost.token_identifier}/`)
    assert.equal((await closed)[0], CloseCode.unauthorized)
    assert.equal(await handshakeStatus(linkUrl(core, outpost.pk), bearer(key.key)), 403)
  })
})

test('presence: an instance is listed with what it said, and the administrator may link too', async () => {
  const uuid = crypto.randomUUID()
  const peer = await linked(core, { pk: proxy.pk, token: ADMIN_TOKEN }, { uuid, version: '2023.8.2', hostname: 'box' })
  const { body } = await core.api('GET', `/outposts/instances/${proxy.pk}/health/`)
  const seen = body.find((instance: any) => instance.uid === uuid)
  assert.equal(seen.hostname, 'box')
  assert.equal(seen.version_outdated, true)
  peer.socket.close()
})
