// The RADIUS outpost under datagrams that nobody should send: random octets, and requests with a few wrong ones.
// None is signed with the secret of the outpost: where Message-Authenticator is required none is answered, and where it
// is optional none is let in, and the `radius` package reads every answer.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import test from 'node:test'
import radius from 'radius'
import { Code } from '#outposts/radius/codec/assigned-numbers.ts'
import { decodePacket, encodePacket } from '#outposts/radius/codec/packet.ts'
import { decodeVendorSpecific, encodeVendorSpecific } from '#outposts/radius/codec/vendor-specific.ts'
import { hangs, seeded, settledMemory } from '#test/support/fuzz.ts'
import { isSigned, papRequest, recordedExchanges, request, wrongDatagrams } from '#test/support/radius.ts'
import { OneUser, radiusProvider, startRadius } from '#test/support/radius-fleet.ts'

const SEED = 20_261_124
const SECONDS = 30
const BATCH = 64
const GROWTH_LIMIT_OCTETS = 32 * 1024 * 1024

const next = seeded(SEED)
const noise = (length: number) => Uint8Array.from({ length }, () => next(256))

const OWN_SECRET = 'only the outpost has this'

/** What garbage is made of: packets signed with the secret of others or not at all, and every vector of RD-01. */
const STRANGE = [
  ...recordedExchanges().map((exchange) => exchange.request),
  ...wrongDatagrams()
    .map(({ octets }) => octets)
    .filter(({ length }) => length > 0),
  papRequest(),
  papRequest({ sign: 'twice' }),
  papRequest({ sign: 'never', secret: OWN_SECRET, password: 'wrong' }),
]

/** Random octets, octets behind a plausible header, or a packet with some octets changed, cut or added. */
function garbage(): Uint8Array {
  const kind = next(4)
  if (kind === 0) return noise(next(300))
  if (kind === 1) {
    const octets = noise(20 + next(500))
    octets.set([1 + next(3), next(256), octets.length >> 8, octets.length & 0xff])
    return octets
  }
  const octets = Uint8Array.from(STRANGE[next(STRANGE.length)]!)
  for (let change = next(4); change > 0; change--) octets[next(octets.length)] = next(256)
  return kind === 2 ? octets : octets.subarray(0, next(octets.length + 1))
}

/** Whether it is a packet; what is understood of one encodes to the same. */
function decodesAndEncodes(datagram: Uint8Array): boolean {
  const decoded = decodePacket(datagram)
  if (decoded.kind === 'malformed') return false
  const { packet } = decoded
  assert.deepEqual(Buffer.from(encodePacket(packet)), Buffer.from(packet.octets))
  for (const { value } of packet.attributes) {
    const specific = decodeVendorSpecific(value)
    if (specific !== undefined) assert.deepEqual(Buffer.from(encodeVendorSpecific(specific)), Buffer.from(value))
  }
  return true
}

test(`${SECONDS} s of random packets: decoding answers with a value, and what it accepts encodes to the same`, () => {
  const until = Date.now() + SECONDS * 1000
  const before = settledMemory()
  let packets = 0
  while (Date.now() < until) {
    for (let i = 0; i < 1000; i++) {
      const datagram = garbage()
      let isPacket = false
      const isHang = hangs(() => {
        isPacket = decodesAndEncodes(datagram)
      })
      assert.ok(!isHang, Buffer.from(datagram).toString('hex'))
      if (isPacket) packets++
    }
  }
  assert.ok(packets > 1000, 'the generator reaches packets that decode')
  assert.ok(settledMemory() - before < GROWTH_LIMIT_OCTETS)
})

/** A client of an address of its own, by which the outpost knows its provider. */
async function client(address: string, port: number) {
  const socket = createSocket('udp4').bind(0, address)
  await once(socket, 'listening')
  const heard: Buffer[] = []
  socket.on('message', (datagram) => heard.push(datagram))
  const alive = request({ code: Code.StatusServer, identifier: ALIVE, secret: OWN_SECRET, attributes: [] })
  return {
    [Symbol.dispose]: () => void socket.close(),
    /** What is answered to these; Status-Server is handled after them, its answer is the last. */
    async ask(datagrams: readonly Uint8Array[]): Promise<readonly Buffer[]> {
      for (const datagram of [...datagrams, alive]) socket.send(datagram, port, '127.0.0.1')
      while (!heard.some((reply) => reply[1] === ALIVE && isAnswer(reply, alive)))
        await once(socket, 'message', { signal: AbortSignal.timeout(5000) })
      return heard.splice(0).filter((reply) => !isAnswer(reply, alive))
    },
  }
}

/** The identifier of the question whether the outpost is at work. */
const ALIVE = 255
const isAnswer = (reply: Buffer, sent: Uint8Array) =>
  radius.verify_response({ request: Buffer.from(sent), response: reply, secret: OWN_SECRET })

test(`${SECONDS} s of random datagrams: nobody let in, no crash, no growth, and still at work`, async () => {
  const flows = new OneUser()
  const own = { shared_secret: OWN_SECRET }
  await using outpost = await startRadius(flows, {
    providers: [
      radiusProvider({ ...own, client_networks: '127.0.0.1' }),
      radiusProvider({ ...own, pk: 2, client_networks: '127.0.0.2', message_authenticator: 'optional' }),
    ],
  })
  using strict = await client('127.0.0.1', outpost.port)
  using lenient = await client('127.0.0.2', outpost.port)
  const batch = () => Array.from({ length: BATCH }, garbage)
  const until = Date.now() + SECONDS * 1000
  const before = settledMemory()
  let batches = 0
  let answers = 0
  while (Date.now() < until) {
    assert.deepEqual(await strict.ask(batch()), [], 'only Status-Server is answered')
    const sent = batch()
    for (const reply of await lenient.ask(sent)) {
      assert.equal(radius.decode({ packet: reply, secret: OWN_SECRET }).code, 'Access-Reject')
      assert.ok(
        sent.some((datagram) => isSigned(reply, datagram, OWN_SECRET)),
        'signed for its request',
      )
      answers++
    }
    batches++
  }
  assert.ok(batches > 50)
  assert.ok(answers > 50, 'the generator reaches requests that are answered')
  assert.ok(settledMemory() - before < GROWTH_LIMIT_OCTETS)
})
