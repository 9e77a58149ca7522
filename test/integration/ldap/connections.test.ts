import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { FlowOutcome } from '#outposts/flow/flow-client.ts'
import { encodeInteger, encodeValue } from '#outposts/ldap/codec/ber.ts'
import {
  abandonRequest,
  bindRequest,
  CRITICAL,
  control,
  equality,
  extendedRequest,
  type LdapAnswer,
  LdapClient,
  message,
  NOTICE,
  present,
  searchRequest,
  startTls,
  unbindRequest,
  whoAmI,
} from '#test/support/ldap-client.ts'
import { allowed, DIRECT_BASE, directDn, LdapOutpost } from '#test/support/ldap-outpost.ts'
import { userDn } from '#test/support/ldap-tools.ts'

const SUCCESS = 0
const INSUFFICIENT_ACCESS_RIGHTS = 50
const UNAVAILABLE = { id: 0, tag: 0x78, code: 52 }
const MIB = 1024 * 1024

let outpost: LdapOutpost
before(async () => {
  outpost = await LdapOutpost.start()
})
after(() => outpost[Symbol.asyncDispose]())

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const ids = (answers: readonly (LdapAnswer | undefined)[]) => answers.map((answer) => `${answer?.id}:${answer?.code}`)

async function take(client: LdapClient, count: number): Promise<readonly (LdapAnswer | undefined)[]> {
  const answers = []
  for (let i = 0; i < count; i++) answers.push(await client.next())
  return answers
}

/** Until the returned function is called, the core does not answer. */
function holdDirectory(own: LdapOutpost): () => void {
  const held = Promise.withResolvers<void>()
  own.core.reading = () => held.promise
  return () => {
    own.core.reading = async () => {}
    held.resolve()
  }
}

/** A connection on which the next bind waits for the core until `answer` is called. */
async function slowBind(own: LdapOutpost) {
  const client = await own.open()
  const asked = Promise.withResolvers<AbortSignal>()
  const outcome = Promise.withResolvers<FlowOutcome>()
  own.core.answering((_username, _password, signal) => {
    asked.resolve(signal)
    return outcome.promise
  })
  return { client, asked: asked.promise, answer: () => outcome.resolve(allowed('demo')) }
}

suite('LD-06: order', () => {
  test('octets one at a time', async () => {
    using client = await outpost.open()
    for (const octet of bindRequest(9, userDn('demo'), 'right')) client.send(Buffer.from([octet]))
    assert.deepEqual(await client.next(), { id: 9, tag: 0x61, code: SUCCESS })
  })

  test('requests sent together are answered in their order, each as who was bound then', async () => {
    using client = await outpost.open()
    client.send(
      bindRequest(1, userDn('admin'), 'right'),
      searchRequest(equality('cn', 'demo'), { id: 2 }),
      message(3, encodeValue(0x60, encodeInteger(0))),
      searchRequest(present('cn'), { id: 4 }),
      whoAmI(4),
    )
    assert.deepEqual(ids(await take(client, 7)), ['1:0', '2:-1', '2:-1', '2:0', '3:2', '4:50', '4:0'])
  })

  test('what was asked before the client unbinds is answered', async () => {
    using client = await outpost.open()
    client.send(whoAmI(1), whoAmI(2), unbindRequest(3), whoAmI(4))
    assert.deepEqual(ids(await client.rest()), ['1:0', '2:0'])
  })

  test('many requests behind one that waits are all answered', async () => {
    await using own = await LdapOutpost.start()
    using client = await own.bound('admin', directDn('admin'))
    const release = holdDirectory(own)
    client.send(searchRequest(equality('cn', 'nobody'), { id: 1_000, base: DIRECT_BASE }))
    client.send(...Array.from({ length: 500 }, (_, index) => whoAmI(index + 1)))
    await settled(own)
    release()
    const expected = ['1000:0', ...Array.from({ length: 500 }, (_, index) => `${index + 1}:0`)]
    assert.deepEqual(ids(await take(client, 501)), expected)
  })
})

suite('LD-06: abandon', () => {
  const search = (id: number) => searchRequest(equality('cn', 'demo'), { id, base: DIRECT_BASE })
  const FOUND = ['-1', '-1', '0']
  const of = (id: number) => FOUND.map((code) => `${id}:${code}`)
  const critical = message(9, encodeInteger(2, 0x50), encodeValue(0xa0, control('1.2.3', CRITICAL)))
  const cases: ReadonlyArray<
    [what: string, sent: readonly Buffer[], meanwhile: readonly string[], then: readonly string[]]
  > = [
    ['of what is being answered', [search(2), abandonRequest(3, 2), whoAmI(4)], ['4:0'], []],
    ['of what waits', [search(2), search(3), abandonRequest(4, 3), whoAmI(5)], [], [...of(2), '5:0']],
    ['of both', [search(2), search(3), abandonRequest(4, 3), abandonRequest(5, 2), whoAmI(6)], ['6:0'], []],
    ['of what nobody asked', [search(2), abandonRequest(3, 7), whoAmI(4)], [], [...of(2), '4:0']],
    ['of itself', [search(2), abandonRequest(3, 3), whoAmI(4)], [], [...of(2), '4:0']],
    ['twice', [search(2), abandonRequest(3, 2), abandonRequest(4, 2), whoAmI(2)], ['2:0'], []],
    ['of an id that is used again', [search(2), abandonRequest(3, 2), search(2)], [], of(2)],
    ['with a critical control', [search(2), critical, whoAmI(4)], [], [...of(2), '4:0']],
    ['of a bind', [search(2), bindRequest(3, '', ''), abandonRequest(4, 3), whoAmI(5)], [], [...of(2), '3:0', '5:0']],
  ]
  for (const [what, sent, meanwhile, then] of cases)
    test(`${what}; ids can be used again`, { timeout: 20_000 }, async () => {
      await using own = await LdapOutpost.start()
      using client = await own.bound('admin', directDn('admin'))
      const release = holdDirectory(own)
      client.send(...sent)
      assert.deepEqual(ids(await take(client, meanwhile.length)), meanwhile)
      await settled(own)
      release()
      assert.deepEqual(ids(await take(client, then.length)), then)
      for (let id = 1; id < 10; id++) client.send(whoAmI(id))
      assert.deepEqual(
        ids(await take(client, 9)),
        Array.from({ length: 9 }, (_, index) => `${index + 1}:0`),
      )
    })

  test('a bind that waits for the core cannot be abandoned (RFC 4511 §4.11)', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start()
    const { client, asked, answer } = await slowBind(own)
    client.send(bindRequest(1, userDn('demo'), 'right'), abandonRequest(2, 1))
    const signal = await asked
    await settled(own)
    assert.equal(signal.aborted, false)
    answer()
    assert.deepEqual(await client.next(), { id: 1, tag: 0x61, code: SUCCESS })
    client.send(whoAmI(1))
    assert.deepEqual(await client.next(), { id: 1, tag: 0x78, code: SUCCESS })
  })

  const ends: ReadonlyArray<[what: string, end: (client: LdapClient) => void]> = [
    ['an unbind', (client) => client.send(unbindRequest(3))],
    ['a client that is gone', (client) => client.socket.destroy()],
    ['what is no message', (client) => client.send(Buffer.from('HTTP'))],
  ]
  for (const [what, end] of ends)
    test(`${what} stops a bind that waits for the core`, { timeout: 20_000 }, async () => {
      await using own = await LdapOutpost.start()
      const { client, asked } = await slowBind(own)
      client.send(bindRequest(1, userDn('demo'), 'right'), whoAmI(2))
      const signal = await asked
      const aborted = once(signal, 'abort')
      end(client)
      await aborted
      assert.ok((await client.rest()).every(({ id }) => id === 0))
    })
})

suite('memory', () => {
  /** Requests of nearly 64 KiB each. */
  const large = (id: number) =>
    message(id, encodeValue(0x77, encodeValue(0x80, Buffer.from('1.2.3')), encodeValue(0x81, Buffer.alloc(60_000))))
  const COUNT = 1_100

  test('LD-05: 64 MiB behind a bind that waits stay with the client', { timeout: 60_000 }, async () => {
    await using own = await LdapOutpost.start()
    const { client, asked, answer } = await slowBind(own)
    client.send(bindRequest(1, userDn('demo'), 'right'))
    await asked
    const poured = pour(client.socket, (i) => large(i + 2), COUNT)
    await settled(own, poured)
    assert.ok(poured.octets < 32 * MIB, `${poured.octets} octets are taken`)
    answer()
    assert.deepEqual(ids(await take(client, COUNT + 1)), [
      '1:0',
      ...Array.from({ length: COUNT }, (_, i) => `${i + 2}:2`),
    ])
  })

  test('LD-05: searches that were abandoned are not kept in any number', { timeout: 60_000 }, async () => {
    await using own = await LdapOutpost.start()
    using accepted = acceptedSockets()
    using client = await own.bound('admin', directDn('admin'))
    const release = holdDirectory(own)
    const search = searchRequest(equality('cn', 'x'.repeat(60_000)), { id: 2, base: DIRECT_BASE })
    await pour(client.socket, () => Buffer.concat([search, abandonRequest(3, 2)]), COUNT).done
    client.send(whoAmI(4))
    // The sockets' own buffers hold megabytes: an abandon that is still in them is too late for its search.
    const server = accepted.of(client.socket)
    while (server.bytesRead < client.socket.bytesWritten || server.readableLength > 0) await turn()
    await settled(own)
    const kept = await keptOctets()
    assert.ok(kept < 32 * MIB, `${kept} octets are kept`)
    release()
    assert.deepEqual(await client.next(), { id: 4, tag: 0x78, code: SUCCESS })
  })

  test('LD-05: who reads no answers is not read either', { timeout: 60_000 }, async () => {
    await using own = await LdapOutpost.start()
    using client = await own.open()
    client.socket.pause()
    const schema = searchRequest(present('cn'), { id: 7, base: 'cn=subschema', scope: 0 })
    const filled = searchRequest(present('cn'), {
      id: 7,
      base: 'cn=subschema',
      scope: 0,
      attributes: ['*', ...Array(200).fill('x'.repeat(250))],
    })
    const together = Buffer.concat([schema, schema, schema, schema, filled])
    const poured = pour(client.socket, () => together, COUNT)
    await settled(own, poured)
    assert.ok(poured.octets < 16 * MIB, `${poured.octets} octets are taken`)
    client.socket.resume()
    const answers = await take(client, COUNT * 10)
    assert.equal(answers.filter((answer) => answer?.tag === 0x65 && answer.code === SUCCESS).length, COUNT * 5)
  })

  const ends: ReadonlyArray<[what: string, octets: Buffer]> = [
    ['an unbind', unbindRequest(1)],
    ['a notice', Buffer.from('HTTP')],
  ]
  for (const [what, octets] of ends)
    test(`whatever follows ${what} is not kept, and the connection ends`, { timeout: 20_000 }, async () => {
      using client = await outpost.open()
      client.send(octets)
      const isEnded = client.rest().then(() => true)
      while (!(await Promise.race([isEnded, turn(false)]))) if (!client.socket.writableNeedDrain) client.send(large(2))
    })
})

suite('LD-05: time', () => {
  /** Sends the octets one at a time, slowly, until the connection ends. */
  async function drip(socket: Socket, octets: Buffer): Promise<void> {
    let at = 0
    const timer = setInterval(() => socket.writable && at < octets.length && socket.write(octets.subarray(at, ++at)), 5)
    await closed(socket.resume())
    clearInterval(timer)
    assert.ok(at < octets.length, 'it has not ended because everything was sent')
  }
  const half = Buffer.concat([Buffer.from([0x30, 0x82, 0xff, 0xf0]), Buffer.alloc(60_000)])
  /** A TLS record that announces a long ClientHello. */
  const hello = Buffer.concat([Buffer.from([0x16, 3, 1, 0x3f, 0xff, 1, 0, 0x3f, 0xfb, 3, 3]), Buffer.alloc(16_000)])
  const open = async (port: number) => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }

  test('a TLS handshake that does not begin', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { handshakeMs: 50 } })
    await closed((await open(own.tlsPort)).resume())
  })

  test('a TLS handshake, an octet at a time', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { handshakeMs: 50 } })
    await drip(await open(own.tlsPort), hello)
  })

  test('a handshake after StartTLS, an octet at a time', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { handshakeMs: 50 } })
    using client = await own.open()
    client.send(startTls(1))
    assert.equal((await client.next())?.code, SUCCESS)
    await drip(client.socket, hello)
  })

  test('a message, an octet at a time', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { messageMs: 50 } })
    using client = await own.open()
    const dripped = drip(client.socket, half)
    assert.deepEqual(await client.rest(), [UNAVAILABLE])
    await dripped
  })

  test('a message over TLS, an octet at a time, of who is bound', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { messageMs: 50 } })
    using client = await LdapClient.openTls(own.tlsPort)
    assert.equal(await client.bind(userDn('demo'), 'right'), SUCCESS)
    const dripped = drip(client.socket, half)
    assert.deepEqual(await client.rest(), [UNAVAILABLE])
    await dripped
  })

  const idle: ReadonlyArray<[what: string, limit: 'anonymousIdleMs' | 'boundIdleMs', isBound: boolean]> = [
    ['nobody is bound', 'anonymousIdleMs', false],
    ['somebody is bound', 'boundIdleMs', true],
  ]
  for (const [what, limit, isBound] of idle)
    test(`a connection without requests while ${what}`, { timeout: 20_000 }, async () => {
      await using own = await LdapOutpost.start({ limits: { [limit]: 50 } })
      using client = isBound ? await own.bound('demo') : await own.open()
      assert.deepEqual(await client.rest(), [UNAVAILABLE])
    })

  test('a connection that nobody binds, however much it asks', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { anonymousMs: 100 } })
    using bound = await own.bound('demo')
    using client = await own.open()
    let answer: LdapAnswer | undefined
    do {
      client.send(whoAmI(1))
      answer = await client.next()
    } while (answer?.id === 1)
    assert.deepEqual(answer, UNAVAILABLE)
    bound.send(whoAmI(2))
    assert.deepEqual(await bound.next(), { id: 2, tag: 0x78, code: SUCCESS }, 'who is bound stays')
  })

  test('a bind may take longer than a connection may be idle', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { anonymousIdleMs: 50 } })
    const { client, asked, answer } = await slowBind(own)
    client.send(bindRequest(1, userDn('demo'), 'right'))
    await asked
    await closed((await open(own.port)).resume())
    answer()
    assert.deepEqual(await client.next(), { id: 1, tag: 0x61, code: SUCCESS })
  })

  test('a client that goes on after the end', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { closeMs: 50 } })
    const socket = connect({ port: own.port, host: '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect')
    await drip(socket, Buffer.concat([unbindRequest(1), Buffer.alloc(60_000)]))
  })

  test('a client that does not take its answers', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { takeMs: 50 } })
    using client = await own.open()
    client.socket.pause()
    const schema = searchRequest(present('cn'), { base: 'cn=subschema', scope: 0 })
    const gone = closed(client.socket)
    const timer = setInterval(() => client.send(...Array.from({ length: 100 }, () => schema)), 5)
    await gone
    clearInterval(timer)
  })
})

suite('LD-05: how many', () => {
  test('connections count from the moment they are there, TLS or not', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { maxConnectionsFromOneAddress: 2 } })
    const open = (port: number) => connect(port, '127.0.0.1')
    const [first, second] = [open(own.tlsPort), open(own.port)]
    await Promise.all([once(first, 'connect'), once(second, 'connect')])
    await closed(open(own.tlsPort).resume())
    await closed(open(own.port).resume())
    first.destroy()
    await until(async () => {
      using client = await own.open()
      client.send(whoAmI(1))
      return (await client.next())?.code === SUCCESS
    })
    second.destroy()
  })

  test('all together', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { maxConnections: 1 } })
    using one = await own.bound('demo')
    using other = await own.open()
    assert.deepEqual(await other.rest(), [])
    one.send(whoAmI(1))
    assert.equal((await one.next())?.code, SUCCESS)
  })

  test('a connection that has ended leaves its place', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start({ limits: { maxConnections: 1 } })
    for (let i = 0; i < 20; i++)
      await until(async () => {
        using client = i % 2 === 0 ? await own.open() : await LdapClient.openTls(own.tlsPort).catch(() => undefined)
        client?.send(whoAmI(1))
        return (await client?.next())?.code === SUCCESS
      })
  })
})

suite('LD-19: StartTLS', () => {
  test('what follows it in the clear is not believed', async () => {
    using client = await outpost.open()
    client.send(startTls(1), bindRequest(2, userDn('demo'), 'right'))
    assert.deepEqual(await client.rest(), [{ id: 1, tag: 0x78, code: 1 }, NOTICE])
  })

  test('what follows it in the clear is not believed while a bind waits', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start()
    const { client, asked, answer } = await slowBind(own)
    client.send(bindRequest(1, userDn('demo'), 'right'), startTls(2), whoAmI(3))
    await asked
    await settled(own)
    answer()
    assert.deepEqual(ids(await client.rest()), ['1:0', '2:1', '0:2'])
  })

  test('behind a bind that waits it has its turn, and nobody is bound after it', { timeout: 20_000 }, async () => {
    await using own = await LdapOutpost.start()
    const { client, asked, answer } = await slowBind(own)
    client.send(bindRequest(1, userDn('demo'), 'right'), startTls(2))
    await asked
    answer()
    assert.deepEqual(ids(await take(client, 2)), ['1:0', '2:0'])
    using secured = await client.secured()
    assert.equal((await secured.search(present('cn'))).code, INSUFFICIENT_ACCESS_RIGHTS)
  })

  test('a second time it is operationsError', async () => {
    using client = await LdapClient.openTls(outpost.tlsPort)
    client.send(startTls(1))
    assert.deepEqual(await client.next(), { id: 1, tag: 0x78, code: 1 })
    assert.equal(await client.bind(userDn('demo'), 'right'), SUCCESS)
  })

  test('with a critical control that nobody knows it is not begun', async () => {
    using client = await outpost.open()
    const oid = encodeValue(0x80, Buffer.from('1.3.6.1.4.1.1466.20037'))
    client.send(
      message(1, encodeValue(0x77, oid), encodeValue(0xa0, control('1.2.3', CRITICAL))),
      extendedRequest(2, '1.2'),
    )
    assert.deepEqual(ids(await take(client, 2)), ['1:12', '2:2'])
  })
})

const closed = (socket: Socket) =>
  new Promise<void>((resolve) => socket.on('error', () => {}).once('close', () => resolve()))

/** Repeats until it is true. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await turn()
}

/** Octets that were handed to the system, one piece after the other. */
interface Pouring {
  octets: number
  readonly done: Promise<void>
}

function pour(socket: Socket, piece: (index: number) => Buffer, count: number): Pouring {
  const { promise: done, resolve } = Promise.withResolvers<void>()
  const pouring = { octets: 0, done }
  const next = (index: number) => {
    if (index === count) return resolve()
    const octets = piece(index)
    socket.write(octets, () => {
      pouring.octets += octets.length
      next(index + 1)
    })
  }
  next(0)
  return pouring
}

/** What buffers hold when all garbage is gone: it is swept beside the program, some time after it was found. */
async function keptOctets(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 20; i++) {
    collect()
    await turn()
    least = Math.min(least, process.memoryUsage().arrayBuffers)
  }
  return least
}

/** The server's ends of the connections that are made until the end of the block. */
function acceptedSockets(): Disposable & { of(client: Socket): Socket } {
  const sockets: Socket[] = []
  const onAccepted = (message: unknown) => void sockets.push((message as { socket: Socket }).socket)
  subscribe('net.server.socket', onAccepted)
  return {
    of: (client) => sockets.find(({ remotePort }) => remotePort === client.localPort)!,
    [Symbol.dispose]: () => void unsubscribe('net.server.socket', onAccepted),
  }
}

/** Lets the server read whatever it wants to: until this many round trips on another connection have moved nothing. */
async function settled(own: LdapOutpost, pouring?: Pouring): Promise<void> {
  using other = await own.open()
  let moved = -1
  for (let still = 0; still < 50; still++) {
    other.send(whoAmI(1))
    await other.next()
    const now = pouring?.octets ?? 0
    if (now !== moved) still = 0
    moved = now
  }
}
