import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { WebSocket } from 'ws'
import type { OutpostKind } from '#outposts/kind.ts'
import { CloseCode, type Revocation, type WireChange } from '#schema/wire/messages.ts'
import { ADMIN_TOKEN, startCore, type TestCore } from '#test/support/core.ts'
import { until } from '#test/support/engines/process.ts'
import { startOutpost, tokenOf } from '#test/support/outpost.ts'

let core: TestCore
let ldap: { pk: string; token: string }
let proxy: { pk: string; token: string }
before(async () => {
  core = await startCore()
  ldap = await tokenOf(core.api, 'ldap')
  proxy = await tokenOf(core.api, 'proxy')
})
after(() => core[Symbol.asyncDispose]())

/** A kind that serves nothing and remembers what it was told. */
function recording(type: OutpostKind['type']) {
  const changes: (readonly WireChange[] | undefined)[] = []
  const revocations: Revocation[] = []
  const kind: OutpostKind = {
    type,
    create: () => ({
      configure: async (_outpost, told) => void changes.push(told),
      listen: async () => {},
      revoke: (ended) => void revocations.push(...ended),
      close: async () => {},
    }),
  }
  return { kind, changes, revocations }
}

const linkUrl = (pk: string) => `${core.url.replace('http', 'ws')}/ws/outpost/${pk}/`
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

/** Messages as they come, waited for one by one. */
class Peer {
  readonly socket: WebSocket
  readonly #received: any[] = []
  #wake = () => {}

  constructor(pk: string, token: string) {
    this.socket = new WebSocket(linkUrl(pk), bearer(token))
    this.socket.on('message', (data) => {
      this.#received.push(JSON.parse(String(data)))
      this.#wake()
    })
    this.socket.on('error', () => {})
  }

  say(instruction: unknown, args: unknown = {}): void {
    this.socket.send(JSON.stringify({ instruction, args }))
  }

  async next(instruction: number): Promise<any> {
    for (;;) {
      const at = this.#received.findIndex((message) => message.instruction === instruction)
      if (at >= 0) return this.#received.splice(at, 1)[0]
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

async function linked(pk: string, token: string, hello: object = {}): Promise<Peer> {
  const peer = new Peer(pk, token)
  await once(peer.socket, 'open')
  peer.say(1, { version: '2023.8.3', buildHash: 'tagged', uuid: crypto.randomUUID(), hostname: 'test', ...hello })
  await peer.next(0)
  return peer
}

async function refusal(url: string, options: object): Promise<number | undefined> {
  const socket = new WebSocket(url, options)
  socket.on('error', () => {})
  const [, answer] = await once(socket, 'unexpected-response')
  return answer.statusCode
}

suite('handshake', () => {
  const refused: ReadonlyArray<[what: string, url: () => string, options: () => object]> = [
    ['no token', () => linkUrl(ldap.pk), () => ({})],
    ['a wrong token', () => linkUrl(ldap.pk), () => bearer('wrong')],
    ['a truncated token', () => linkUrl(ldap.pk), () => bearer(ldap.token.slice(0, -1))],
    ['WS-08: the token of another outpost', () => linkUrl(ldap.pk), () => bearer(proxy.token)],
    ['an outpost that does not exist', () => linkUrl(crypto.randomUUID()), () => bearer(ldap.token)],
    ['no UUID', () => linkUrl('..%2f'), () => bearer(ldap.token)],
    ['WS-07: the token in the query', () => `${linkUrl(ldap.pk)}?token=${ldap.token}`, () => ({})],
    ['WS-07: an Origin', () => linkUrl(ldap.pk), () => ({ ...bearer(ldap.token), origin: 'https://evil.example' })],
    ['another path', () => linkUrl(ldap.pk).replace('/outpost/', '/other/'), () => bearer(ldap.token)],
  ]
  for (const [what, url, options] of refused)
    test(`403 for ${what}`, async () => assert.equal(await refusal(url(), options()), 403))

  test('WS-09: thousands of headers do not get through, and the core stays up', async () => {
    const socket = connect(Number(new URL(core.url).port), '127.0.0.1')
    const many = Array.from({ length: 3000 }, (_, index) => `x-${index}: y`).join('\r\n')
    socket.write(
      `GET /ws/outpost/${ldap.pk}/ HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n${many}\r\n\r\n`,
    )
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 4\d\d/)
    socket.destroy()
    assert.equal((await fetch(`${core.url}/-/health/live/`)).status, 204)
  })

  test('WS-09: extensions named like properties are of no consequence', async () => {
    const headers = { ...bearer(ldap.token).headers, 'sec-websocket-extensions': 'constructor, __proto__; x' }
    const socket = new WebSocket(linkUrl(ldap.pk), { headers, perMessageDeflate: false })
    socket.on('error', () => {})
    await Promise.race([once(socket, 'open'), once(socket, 'close')])
    socket.terminate()
    assert.equal((await fetch(`${core.url}/-/health/live/`)).status, 204)
  })
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
      const other = await linked(ldap.pk, ldap.token)
      const peer = await linked(ldap.pk, ldap.token)
      send(peer.socket)
      const [closed] = await once(peer.socket, 'close')
      assert.equal(closed, code)
      other.say(1, {})
      await other.next(0)
      other.socket.close()
    })

  test('an unknown instruction is acknowledged', async () => {
    const peer = await linked(ldap.pk, ldap.token)
    peer.say(77, { surplus: true })
    await peer.next(0)
    peer.socket.close()
  })
})

suite('updates and revocations', () => {
  test('a reference outpost gets a bare trigger, and only for what concerns it', async () => {
    const about = await linked(ldap.pk, ldap.token)
    const other = await linked(proxy.pk, proxy.token)
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

  test('what was revoked while an outpost was away is replayed in order', async () => {
    const { body: user } = await core.api('POST', '/core/users/', { username: 'away', name: 'x' })
    await core.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
    const peer = new Peer(proxy.pk, proxy.token)
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

  test('WS-06: a link ends when its token does, and is not let in again', async () => {
    const { body } = await core.api('GET', '/outposts/instances/?name__iexact=radius')
    const [outpost] = body.results
    const { body: key } = await core.api('GET', `/core/tokens/${outpost.token_identifier}/view_key/`)
    const peer = await linked(outpost.pk, key.key)
    const closed = once(peer.socket, 'close')
    await core.api('DELETE', `/core/tokens/${outpost.token_identifier}/`)
    assert.equal((await closed)[0], CloseCode.unauthorized)
    assert.equal(await refusal(linkUrl(outpost.pk), bearer(key.key)), 403)
  })
})

test('presence: an instance is listed with what it said, and the administrator may link too', async () => {
  const uuid = crypto.randomUUID()
  const peer = await linked(proxy.pk, ADMIN_TOKEN, { uuid, version: '2023.8.2', hostname: 'box' })
  const { body } = await core.api('GET', `/outposts/instances/${proxy.pk}/health/`)
  const seen = body.find((instance: any) => instance.uid === uuid)
  assert.equal(seen.hostname, 'box')
  assert.equal(seen.version_outdated, true)
  peer.socket.close()
})
