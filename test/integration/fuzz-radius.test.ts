// The RADIUS outpost under datagrams that nobody should send: random octets, and right requests with a few wrong ones.
// None is signed with the secret of the outpost, so whatever is answered is an answer to garbage.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import test from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Code } from '#outposts/radius/codec/assigned-numbers.ts'
import { decodePacket, encodePacket } from '#outposts/radius/codec/packet.ts'
import { decodeVendorSpecific, encodeVendorSpecific } from '#outposts/radius/codec/vendor-specific.ts'
import { papRequest, recordedExchanges, request } from '#test/support/radius.ts'
import { OneUser, radiusProvider, startRadius } from '#test/support/radius-fleet.ts'

const SEED = 20_261_124
const SECONDS = 30
const BATCH = 64
const GROWTH_LIMIT_OCTETS = 32 * 1024 * 1024

/** Numbers in [0, below) that are the same in every run (xorshift32). */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const next = seeded(SEED)
const noise = (length: number) => Uint8Array.from({ length }, () => next(256))

const OWN_SECRET = 'only the outpost has this'

/** Well-formed packets, signed with the secret of others or not at all. */
const STRANGE = [
  ...recordedExchanges().map((exchange) => exchange.request),
  papRequest(),
  papRequest({ sign: 'twice' }),
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

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Settled memory in octets: what is left after the collector has been asked. */
function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

test(`${SECONDS} s of random packets: decoding answers with a value, and what it accepts encodes to the same`, () => {
  const until = Date.now() + SECONDS * 1000
  const before = heap()
  let packets = 0
  while (Date.now() < until) {
    for (let i = 0; i < 1000; i++) {
      const datagram = garbage()
      const decoded = decodePacket(datagram)
      if (decoded.kind === 'malformed') continue
      packets++
      const { packet } = decoded
      assert.deepEqual(Buffer.from(encodePacket(packet)), Buffer.from(packet.octets))
      for (const { value } of packet.attributes) {
        const specific = decodeVendorSpecific(value)
        if (specific !== undefined) assert.deepEqual(Buffer.from(encodeVendorSpecific(specific)), Buffer.from(value))
      }
    }
  }
  assert.ok(packets > 1000, 'the generator reaches packets that decode')
  assert.ok(heap() - before < GROWTH_LIMIT_OCTETS)
})

test(`${SECONDS} s of random datagrams: no reply, no crash, no growth, and still at work`, async () => {
  const flows = new OneUser()
  await using outpost = await startRadius(flows, { providers: [radiusProvider({ shared_secret: OWN_SECRET })] })
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  using _ = { [Symbol.dispose]: () => void socket.close() }
  await once(socket, 'listening')
  const heard: Buffer[] = []
  socket.on('message', (datagram) => heard.push(datagram))
  const alive = request({ code: Code.StatusServer, secret: OWN_SECRET, attributes: [] })
  const expected = await askOnce(alive)
  const until = Date.now() + SECONDS * 1000
  const before = heap()
  let batches = 0
  while (Date.now() < until) {
    for (let i = 0; i < BATCH; i++) socket.send(garbage(), outpost.port, '127.0.0.1')
    assert.deepEqual(await askOnce(alive), expected, 'only Status-Server is answered')
    batches++
  }
  assert.ok(batches > 100)
  assert.equal(flows.asked.length, 0)
  assert.ok(heap() - before < GROWTH_LIMIT_OCTETS)

  /** Everything heard up to the answer to this request, which is handled after all that was sent before it. */
  async function askOnce(datagram: Uint8Array): Promise<readonly Buffer[]> {
    socket.send(datagram, outpost.port, '127.0.0.1')
    while (heard.length === 0) await once(socket, 'message', { signal: AbortSignal.timeout(5000) })
    return heard.splice(0)
  }
})
