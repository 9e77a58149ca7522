// What no WebSocket library sends: frames and handshakes written octet by octet, with a token that is good.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { startCore, type TestCore } from '#test/support/core.ts'
import { linked, type Outpost } from '#test/support/link-peer.ts'
import { tokenOf } from '#test/support/outpost.ts'

let core: TestCore
let ldap: Outpost
before(async () => {
  core = await startCore()
  ldap = await tokenOf(core.api, 'ldap')
})
after(() => core[Symbol.asyncDispose]())

const UPGRADE = ['Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13']

/** A connection that has sent a handshake with these headers too, and the head of the answer. */
async function handshake(headers: readonly string[]): Promise<{ socket: Socket; status: number; head: string }> {
  const socket = connect(Number(new URL(core.url).port), '127.0.0.1')
  socket.on('error', () => {})
  const own = [`Authorization: Bearer ${ldap.token}`, `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`]
  socket.write([`GET /ws/outpost/${ldap.pk}/ HTTP/1.1`, ...UPGRADE, ...own, ...headers, '', ''].join('\r\n'))
  const [head] = (await once(socket, 'data')) as [Buffer]
  return { socket, status: Number(/^HTTP\/1\.1 (\d+)/.exec(String(head))?.[1]), head: String(head) }
}

const coreIsUp = async () => assert.equal((await fetch(`${core.url}/-/health/live/`)).status, 204)

suite('WS-09: handshakes', () => {
  const rows: ReadonlyArray<[what: string, headers: readonly string[], status: number]> = [
    ['nothing strange', [], 101],
    ['a subprotocol of 20 kB', [`Sec-WebSocket-Protocol: ${'x'.repeat(20_000)}`], 431],
    ['a thousand short headers', Array.from({ length: 1_000 }, (_, index) => `x-${index}: y`), 431],
    ['more headers than the parser takes', Array.from({ length: 5_000 }, (_, index) => `x-${index}: y`), 431],
    ['a header of 20 kB', [`x: ${'y'.repeat(20_000)}`], 431],
    ['another version of the protocol', ['Sec-WebSocket-Version: 99'], 400],
    ['extensions named like properties', ['Sec-WebSocket-Extensions: constructor, __proto__; x'], 101],
    ['an extension that cannot be parsed', ['Sec-WebSocket-Extensions: ;;;'], 101],
  ]
  for (const [what, headers, status] of rows)
    test(`${what}: ${status}`, async () => {
      const answer = await handshake(headers)
      answer.socket.destroy()
      assert.equal(answer.status, status, answer.head)
      await coreIsUp()
    })

  test('a connection that was refused ends, even if the other side never ends it', async () => {
    const socket = connect({ port: Number(new URL(core.url).port), host: '127.0.0.1', allowHalfOpen: true })
    socket.write(['GET /ws/outpost/x/ HTTP/1.1', ...UPGRADE, '', ''].join('\r\n'))
    const [head] = (await once(socket, 'data')) as [Buffer]
    assert.match(String(head), /^HTTP\/1\.1 403 /)
    const failed = once(socket, 'error')
    const talk = setInterval(() => socket.write('still here'), 5)
    const [error] = (await failed) as [NodeJS.ErrnoException]
    clearInterval(talk)
    assert.ok(error.code === 'ECONNRESET' || error.code === 'EPIPE', String(error.code))
  })

  test('a subprotocol or an extension that is offered is not taken up', async () => {
    const { socket, head } = await handshake([
      'Sec-WebSocket-Protocol: chat',
      'Sec-WebSocket-Extensions: permessage-deflate',
    ])
    socket.destroy()
    assert.doesNotMatch(head, /sec-websocket-(?:protocol|extensions)/i)
  })
})

const FIN = 0x80
const RSV1 = 0x40
const MASKED = 0x80
const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9 }

/** A frame of a client (RFC 6455 §5.2), masked with zeroes; the length that it declares may be another. */
function frame(first: number, payload: Uint8Array | string, declared?: bigint): Buffer {
  const octets = Buffer.from(payload)
  const length = Buffer.alloc(9)
  length[0] = MASKED | 127
  length.writeBigUInt64BE(declared ?? BigInt(octets.length), 1)
  const short = declared === undefined && octets.length < 126
  return Buffer.concat([Buffer.of(first), short ? Buffer.of(MASKED | octets.length) : length, Buffer.alloc(4), octets])
}

/** The code of the close frame among what a server sends. */
async function closeCode(socket: Socket): Promise<number | undefined> {
  const parts: Buffer[] = []
  for await (const part of socket) {
    parts.push(part as Buffer)
    const octets = Buffer.concat(parts)
    for (let at = 0; at < octets.length; at += 2 + octets[at + 1]!)
      if ((octets[at]! & 0x0f) === opcode.close) return octets.readUInt16BE(at + 2)
  }
  return undefined
}

suite('WS-05: frames', () => {
  const hello = '{"instruction":1}'
  const rows: ReadonlyArray<[what: string, frames: readonly Buffer[], code: number]> = [
    ['a compressed frame', [frame(FIN | RSV1 | opcode.text, hello)], 1002],
    ['a reserved opcode', [frame(FIN | 3, hello)], 1002],
    ['a frame without a mask', [Buffer.concat([Buffer.of(FIN | opcode.text, hello.length), Buffer.from(hello)])], 1002],
    ['a fragmented ping', [frame(opcode.ping, 'x')], 1002],
    ['a ping of 126 octets', [frame(FIN | opcode.ping, 'x'.repeat(126), 126n)], 1002],
    ['a continuation of nothing', [frame(FIN | opcode.continuation, hello)], 1002],
    ['a text amid fragments', [frame(opcode.text, '{'), frame(FIN | opcode.text, hello)], 1002],
    ['text that is not UTF-8', [frame(FIN | opcode.text, Buffer.from('7bff7d', 'hex'))], 1007],
    ['fragments that are not UTF-8', [frame(opcode.text, '{'), frame(FIN, Buffer.of(0xc3))], 1007],
    ['100 MB that are only declared', [frame(FIN | opcode.text, '{', 100_000_000n)], 1009],
    ['2^63 octets that are only declared', [frame(FIN | opcode.text, '{', 2n ** 63n)], 1009],
    [
      'fragments of 64 KiB and more in all',
      [frame(opcode.text, 'x'.repeat(40_000)), frame(0, 'x'.repeat(40_000))],
      1009,
    ],
    ['a HELLO whose version is a number', [frame(FIN | opcode.text, '{"instruction":1,"args":{"version":1}}')], 1007],
    ['a HELLO with NUL', [frame(FIN | opcode.text, '{"instruction":1,"args":{"hostname":"\\u0000"}}')], 1007],
    ['a HELLO with half a character', [frame(FIN | opcode.text, '{"instruction":1,"args":{"uuid":"\\ud800"}}')], 1007],
    ['a HELLO with a negative revision', [frame(FIN | opcode.text, '{"instruction":1,"args":{"revision":-1}}')], 1007],
    [
      'a HELLO with 2^64 as revision',
      [frame(FIN | opcode.text, '{"instruction":1,"args":{"revision":18446744073709551616}}')],
      1007,
    ],
    ['a HELLO with a list of arguments', [frame(FIN | opcode.text, '{"instruction":1,"args":[]}')], 1007],
    [
      '100 capabilities',
      [frame(FIN | opcode.text, `{"instruction":1,"args":{"capabilities":${JSON.stringify(Array(100).fill('x'))}}}`)],
      1007,
    ],
  ]
  for (const [what, frames, code] of rows)
    test(`${what} closes this link with ${code}, and no other`, async () => {
      const other = await linked(core, ldap)
      const { socket, status } = await handshake([])
      assert.equal(status, 101)
      for (const octets of frames) socket.write(octets)
      assert.equal(await closeCode(socket), code)
      await other.settled()
      other.socket.close()
      await coreIsUp()
    })

  test('a message in fragments with a ping between them is a message', async () => {
    const { socket } = await handshake([])
    for (const octets of [frame(opcode.text, hello.slice(0, 5)), frame(FIN | opcode.ping, 'x')]) socket.write(octets)
    const [pong] = (await once(socket, 'data')) as [Buffer]
    assert.equal(pong[0]! & 0x0f, 10)
    socket.write(frame(FIN, hello.slice(5)))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(String(answer), /"instruction":0/)
    socket.destroy()
  })
})
