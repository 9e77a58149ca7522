// The outpost's end of the link, before cores that say what no core should, or go away.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { after, before, suite, test } from 'node:test'
import pino from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import { LinkClient, type LinkEvents } from '#outposts/link/link-client.ts'
import { type RunningOutpost, runOutpost } from '#outposts/run-outpost.ts'
import { loggerOver, sinkOptions } from '#schema/kernel/log-sink.ts'
import { type Logger, silentLogger } from '#schema/kernel/logger.ts'
import type { HelloArgs } from '#schema/wire/messages.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { until } from '#test/support/engines/process.ts'
import { idleKind } from '#test/support/idle-kind.ts'
import { bearer, handshakeStatus, linkUrl, type Outpost } from '#test/support/link-peer.ts'
import { outpostConfig, tokenOf } from '#test/support/outpost.ts'

const TOKEN = 'token-of-the-outpost-in-this-test'
const HELLO = { version: '1', capabilities: ['revision'] } as unknown as HelloArgs

/** A link client to this URL, for as long as the block lasts, and what it has heard. */
function linkTo(url: string, { token = TOKEN, log = silentLogger } = {}) {
  const stop = new AbortController()
  const heard: unknown[] = []
  const note = (kind: string) => (what?: unknown) => void heard.push(what === undefined ? kind : { [kind]: what })
  const events: LinkEvents = {
    hello: () => HELLO,
    update: note('update'),
    revoke: note('revoke'),
    sessionEnded: note('sessionEnded'),
    linked: note('linked'),
    refused: note('refused'),
  }
  const options = {
    config: outpostConfig(url, token),
    outpost: crypto.randomUUID(),
    instance: crypto.randomUUID(),
    log,
    random: () => 0,
  }
  const ended = new LinkClient(options, events).run(stop.signal)
  return {
    heard,
    ended,
    stop: () => stop.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
    },
  }
}

/** A core that lets every link in and says nothing by itself. */
async function littleCore() {
  const server = createServer()
  const links = new WebSocketServer({ server })
  const waiting: WebSocket[] = []
  let wake = () => {}
  links.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.once('message', () => {
      waiting.push(socket)
      wake()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The next link that has said HELLO. */
    async linked(): Promise<WebSocket> {
      while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return waiting.shift()!
    },
    [Symbol.dispose]: () => {
      for (const socket of links.clients) socket.terminate()
      server.close()
    },
  }
}

const message = (instruction: unknown, args: unknown = {}) => JSON.stringify({ instruction, args })
const revocation = { sequence: 1, kind: 'user', user: { pk: 7, uid: 'u', username: 'demo' }, reason: 'logout', at: 1 }

suite('WS-05: what a core says', () => {
  const closing: ReadonlyArray<[what: string, send: (socket: WebSocket) => void, code: number]> = [
    ['no JSON', (socket) => socket.send('{'), 1007],
    ['JSON of another shape', (socket) => socket.send('[1]'), 1007],
    ['an instruction that is text', (socket) => socket.send(message('2')), 1007],
    ['binary', (socket) => socket.send(Buffer.from(message(2))), 1007],
    ['text that is not UTF-8', (socket) => socket.send(Buffer.of(0xff), { binary: false }), 1007],
    ['4 MiB and more', (socket) => socket.send(message(2, { x: 'x'.repeat(4 * 1024 * 1024) })), 1009],
    [
      'a revocation without a user',
      (socket) => socket.send(message(100, { revocations: [{ ...revocation, user: 7 }] })),
      1007,
    ],
    [
      'a revocation of an unknown kind',
      (socket) => socket.send(message(100, { revocations: [{ ...revocation, kind: 'x' }] })),
      1007,
    ],
    ['revocations that are no list', (socket) => socket.send(message(100, { revocations: revocation })), 1007],
    ['the end of a session without its name', (socket) => socket.send(message(4, { session_id: 7 })), 1007],
  ]
  for (const [what, send, code] of closing)
    test(`${what}: the outpost closes with ${code}, does nothing about it, and links again`, async () => {
      using core = await littleCore()
      await using outpost = linkTo(core.url)
      const first = await core.linked()
      send(first)
      const [closed] = await once(first, 'close')
      assert.equal(closed, code)
      const second = await core.linked()
      second.send(message(2, { revision: 5 }))
      second.close(1000)
      await core.linked()
      assert.deepEqual(outpost.heard, [
        { linked: true },
        { linked: false },
        { linked: true },
        { update: { revision: 5 } },
        { linked: false },
        { linked: true },
      ])
    })

  test('an instruction that is not known, or for others, is no reason to end the link', async () => {
    using core = await littleCore()
    await using outpost = linkTo(core.url)
    const socket = await core.linked()
    for (const text of [
      message(77, { surplus: true }),
      message(3, { sub_type: 'x' }),
      message(0),
      message(-1),
      message(1),
    ])
      socket.send(text)
    socket.send(message(100, { revocations: [{ ...revocation, surplus: true }], surplus: true }))
    socket.close(1000)
    await core.linked()
    assert.deepEqual(outpost.heard.slice(0, 3), [{ linked: true }, { revoke: [revocation] }, { linked: false }])
  })

  for (const args of [{ revision: 'five' }, { changes: [{ model: 1 }] }, { changes: 'all' }, { revision: -1 }])
    test(`an update with ${JSON.stringify(args)} is one of everything`, async () => {
      using core = await littleCore()
      await using outpost = linkTo(core.url)
      const socket = await core.linked()
      socket.send(message(2, args))
      socket.close(1000)
      await core.linked()
      assert.deepEqual(outpost.heard.slice(0, 3), [{ linked: true }, { update: {} }, { linked: false }])
    })
})

suite('WS-06: how a core refuses', () => {
  const codes: ReadonlyArray<[code: number, isRefused: boolean]> = [
    [4401, true],
    [4404, true],
    [1012, false],
    [1008, false],
    [1011, false],
  ]
  for (const [code, isRefused] of codes)
    test(`a link closed with ${code} is ${isRefused ? 'a refusal' : 'one to make again'}`, async () => {
      using core = await littleCore()
      await using outpost = linkTo(core.url)
      const socket = await core.linked()
      socket.close(code)
      if (isRefused) await until('the refusal', async () => outpost.heard.includes('refused'))
      else await core.linked()
      assert.equal(outpost.heard.includes('refused'), isRefused)
    })

  for (const [status, isRefused] of [
    [401, true],
    [403, true],
    [404, false],
    [503, false],
  ] as const)
    test(`a handshake answered with ${status} is ${isRefused ? 'a refusal' : 'one to make again'}`, async () => {
      let asked = 0
      const server = createServer().listen(0, '127.0.0.1')
      server.on('upgrade', (_req: IncomingMessage, socket) => {
        asked++
        // The outpost hangs up as soon as it has read the status.
        socket.on('error', () => {})
        socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
      })
      using _ = { [Symbol.dispose]: () => void server.close() }
      await once(server, 'listening')
      await using outpost = linkTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      await until('the answer', async () => (isRefused ? outpost.heard.includes('refused') : asked >= 3))
      assert.deepEqual(outpost.heard, isRefused ? ['refused'] : [])
      assert.equal(asked, isRefused ? 1 : asked)
    })
})

const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

test('a process that stops does not wait long for a core that hangs', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  const server = createServer().listen(0, '127.0.0.1')
  const linked = Promise.withResolvers<void>()
  server.on('upgrade', ({ headers }: IncomingMessage, socket) => {
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${ACCEPT_GUID}`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.on('error', () => {})
    socket.once('data', () => linked.resolve())
  })
  await once(server, 'listening')
  using _ = { [Symbol.dispose]: () => void server.close() }
  const outpost = linkTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  await linked.promise
  outpost.stop()
  t.mock.timers.tick(2_000)
  await outpost.ended
  assert.deepEqual(outpost.heard, [{ linked: true }, { linked: false }])
})

for (const [what, isBooting] of [
  ['at its start', true],
  ['when it refreshes', false],
] as const)
  test(`a process that is asked to stop ${what} does not wait for a core that hangs`, { timeout: 10_000 }, async () => {
    const hung = Promise.withResolvers<void>()
    let isHanging = isBooting
    const server = createServer((_req, res) => {
      if (isHanging) return hung.resolve()
      res.setHeader('content-type', 'application/json')
      res.end(JSON.stringify({ results: [{ pk: crypto.randomUUID(), name: 'ldap', type: 'ldap', config: {} }] }))
    })
    const hungUp = Promise.withResolvers<void>()
    server.on('connection', (socket) => socket.once('close', () => isHanging && hungUp.resolve()))
    server.on('upgrade', (_req: IncomingMessage, socket) => socket.destroy())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    using _ = {
      [Symbol.dispose]: () => {
        server.close()
        server.closeAllConnections()
      },
    }
    const { log, lines } = realLogger()
    const stop = new AbortController()
    const started = Promise.withResolvers<RunningOutpost>()
    const config = outpostConfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, TOKEN)
    const surroundings = { log, clock: { now: () => Date.now() }, random: () => 0.5 }
    const run = { signal: stop.signal, started: started.resolve, graceMs: 500 }
    const ended = runOutpost(idleKind('ldap'), config, surroundings, run)
    const outpost = await started.promise
    if (!isBooting) {
      await outpost.ready
      isHanging = true
      outpost.refresh()
    }
    await hung.promise
    stop.abort()
    await ended
    await hungUp.promise
    assert.doesNotMatch(lines(), /could not be read|waiting for the core/, 'to stop is no fault of the core')
  })

/** A logger as the processes have it, at its most talkative, and what it has written. */
function realLogger(): { log: Logger; lines: () => string } {
  const written: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      done()
    },
  })
  return { log: loggerOver(pino(sinkOptions('trace'), stream)), lines: () => written.join('') }
}

suite('WS-07: logs', () => {
  const ofCore = realLogger()
  let core: TestCore
  let ldap: Outpost
  before(async () => {
    core = await startCore({ log: ofCore.log })
    ldap = await tokenOf(core.api, 'ldap')
  })
  after(() => core[Symbol.asyncDispose]())

  test('a core does not write down the keys of handshakes that it refuses or accepts', async () => {
    const { pk, token } = ldap
    const handshakes: ReadonlyArray<[url: string, options: object]> = [
      [linkUrl(core, pk), bearer(token)],
      [linkUrl(core, pk), bearer(`${token}x`)],
      [linkUrl(core, pk), { ...bearer(token), origin: 'https://evil.example' }],
      [`${linkUrl(core, pk)}?token=${token}&access_token=${token}`, {}],
      [`${linkUrl(core, pk)}?token=${token}`, bearer(token)],
      [linkUrl(core, pk).replace('/ws/', `/${token}/`), bearer(token)],
      [linkUrl(core, token), bearer(token)],
      [linkUrl(core, pk), { headers: { authorization: `Basic ${token}` } }],
      [linkUrl(core, pk), { headers: { authorization: `Bearer ${token}`, 'x-padding': 'x'.repeat(20_000) } }],
    ]
    for (const [url, options] of handshakes) await handshakeStatus(url, options)
    assert.match(ofCore.lines(), /the core is ready/)
    assert.doesNotMatch(ofCore.lines(), new RegExp(token.slice(0, 20)))
  })

  const failures: ReadonlyArray<[what: string, host: () => string]> = [
    ['a core that refuses it', () => core.url],
    ['nobody', () => 'http://127.0.0.1:9'],
    ['a host that has no address', () => 'http://nowhere.invalid'],
    ['a TLS port that is none', () => core.url.replace('http:', 'https:')],
  ]
  for (const [what, host] of failures)
    test(`an outpost that meets ${what} does not write down its key`, async () => {
      const { log, lines } = realLogger()
      const token = `${ldap.token}x`
      const stop = new AbortController()
      await using link = linkTo(host(), { token, log })
      const surroundings = { log, clock: { now: () => Date.now() }, random: () => 0.5 }
      const run = { signal: stop.signal, graceMs: 500 }
      const ended = runOutpost(idleKind('ldap'), outpostConfig(host(), token), surroundings, run)
      await until(
        'both complaints',
        async () => /waiting for the core/.test(lines()) && /link to the core/.test(lines()),
      )
      stop.abort()
      await ended
      assert.ok(link)
      assert.doesNotMatch(lines(), new RegExp(token.slice(0, 20)))
      assert.doesNotMatch(lines(), /bearer/i)
    })
})
