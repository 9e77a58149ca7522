// The LDAP outpost under messages that nobody should send: random octets, and requests with a few wrong ones. Nobody is
// let in by them, and every answer can be read by the codec of `ldapjs`.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { test } from 'node:test'
import { BerReader, countValues } from '#outposts/ldap/codec/ber.ts'
import { canonicalDn, parseDn } from '#outposts/ldap/codec/dn.ts'
import { encodeFilter, readFilter } from '#outposts/ldap/codec/filter.ts'
import { MessageFramer } from '#outposts/ldap/codec/framing.ts'
import { MalformedMessageError } from '#outposts/ldap/codec/malformed-message-error.ts'
import { decodeMessage, type Message } from '#outposts/ldap/codec/message.ts'
import { hangs, seeded, settledMemory } from '#test/support/fuzz.ts'
import { bindRequest } from '#test/support/ldap-client.ts'
import { LdapOutpost } from '#test/support/ldap-outpost.ts'
import { BASE_DN, userDn } from '#test/support/ldap-tools.ts'
import { ldapVectors } from '#test/support/ldap-vectors.ts'

const SEED = 0x6d617274
const SECONDS = 30
const BATCH = 64
const LIMIT = 64 * 1024
const GROWTH_LIMIT_OCTETS = 32 * 1024 * 1024
const WATCHDOG_MS = 20_000
const STARTTLS = '1.3.6.1.4.1.1466.20037'

const next = seeded(SEED)
const noise = (length: number) => Buffer.from(Uint8Array.from({ length }, () => next(256)))
const SEEDS = ldapVectors().map(({ octets }) => octets)

/** Random octets, octets in a sound envelope, or a request with some octets changed, cut, doubled or added. */
function garbage(): Buffer {
  const kind = next(8)
  if (kind === 0) return noise(next(300))
  if (kind === 1) return Buffer.concat([Buffer.from([0x30, 100, 2, 1, 1, 0x60 + next(24), 95]), noise(95)])
  const octets = Buffer.from(SEEDS[next(SEEDS.length)]!)
  for (let change = next(4); change > 0; change--) octets[next(octets.length)] = next(256)
  if (kind === 2) return octets.subarray(0, next(octets.length + 1))
  if (kind === 3) return Buffer.concat([octets, octets.subarray(next(octets.length))])
  return octets
}

/** Cuts the octets, which come in two pieces, into messages and decodes them until something is none. */
function decodeAll(octets: Buffer, cut: number): readonly Message[] {
  const framer = new MessageFramer()
  const messages: Message[] = []
  try {
    for (const part of [octets.subarray(0, cut), octets.subarray(cut)]) {
      framer.push(part)
      for (let message = framer.next(LIMIT); message !== undefined; message = framer.next(LIMIT)) {
        assert.ok(message.length >= 2, 'every message takes octets')
        assert.ok(countValues(message, LIMIT) <= message.length / 2, 'every value takes two octets at least')
        messages.push(decodeMessage(message))
      }
    }
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error
  }
  return messages
}

/** How much of the octets is understood; that encodes to the same. */
function decodesAndEncodes(octets: Buffer, cut: number): { messages: number; searches: number; names: number } {
  const messages = decodeAll(octets, cut)
  const searches = messages.flatMap(({ request }) => (request.kind === 'search' ? [request] : []))
  for (const { filter } of searches) assert.deepEqual(readFilter(new BerReader(encodeFilter(filter))), filter)
  const names = searches.map(({ base }) => parseDn(base)).filter((name) => name !== undefined)
  for (const name of names) assert.equal(canonicalDn(parseDn(canonicalDn(name)) ?? []), canonicalDn(name))
  return { messages: messages.length, searches: searches.length, names: names.length }
}

test(`LD-03 LD-23: ${SECONDS} s of random octets are decoded or refused, and what is understood encodes to the same`, () => {
  const until = performance.now() + SECONDS * 1000
  const before = settledMemory()
  let [rounds, messages, searches, names] = [0, 0, 0, 0]
  while (performance.now() < until) {
    rounds++
    const octets = garbage()
    const cut = next(octets.length + 1)
    let understood = { messages: 0, searches: 0, names: 0 }
    const isHang = hangs(() => {
      understood = decodesAndEncodes(octets, cut)
    })
    assert.ok(!isHang, octets.toString('hex'))
    messages += understood.messages
    searches += understood.searches
    names += understood.names
  }
  for (const count of [messages, searches, names])
    assert.ok(count > rounds / 100, 'the generator reaches what it tests')
  assert.ok(settledMemory() - before < GROWTH_LIMIT_OCTETS)
})

interface FuzzedAnswer {
  readonly type: string
  /** Of an entry. */
  readonly objectName?: { toString(): string }
}

/** The part of `ldapjs` that reads what a server sends. */
interface AnswerParser {
  write(octets: Buffer): boolean
  on(event: 'message', listener: (answer: FuzzedAnswer) => void): void
  on(event: 'error', listener: (error: Error) => void): void
}
const { Parser } = createRequire(import.meta.url)('ldapjs/lib/messages') as { Parser: new () => AnswerParser }

/** Sends everything on a connection of its own, and ends it; what is answered. */
function ask(port: number, octets: Buffer): Promise<readonly FuzzedAnswer[]> {
  const answers: FuzzedAnswer[] = []
  const parser = new Parser()
  const socket = connect(port, '127.0.0.1')
  return new Promise((resolve, reject) => {
    const watchdog = setTimeout(() => reject(new Error(`no end of ${octets.toString('hex')}`)), WATCHDOG_MS)
    parser.on('error', reject)
    parser.on('message', (answer) => answers.push(answer))
    socket.on('data', (chunk) => parser.write(chunk as Buffer))
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(watchdog)
      resolve(answers)
    })
    socket.end(octets)
  })
}

test(`LD-23: ${SECONDS} s of random messages: nobody let in, every answer can be read, no growth`, async () => {
  await using outpost = await LdapOutpost.start()
  const bind = bindRequest(1, userDn('admin'), 'right')
  const until = performance.now() + SECONDS * 1000
  const seen = new Map<string, number>()
  let [before, entriesSeen] = [0, 0]
  for (let rounds = 0; performance.now() < until; rounds++) {
    if (rounds === 100) before = settledMemory()
    const messages = Array.from({ length: BATCH }, garbage).filter((octets) => !octets.includes(STARTTLS))
    const isBound = rounds % 2 === 0
    const answers = await ask(outpost.port, Buffer.concat([...(isBound ? [bind] : []), ...messages]))
    for (const { type } of answers) seen.set(type, (seen.get(type) ?? 0) + 1)
    const entries = answers.filter(({ objectName }) => objectName?.toString().endsWith(BASE_DN))
    if (isBound) entriesSeen += entries.length
    else assert.deepEqual(entries, [], 'nobody was let in')
  }
  assert.ok(entriesSeen > 100, `${entriesSeen} entries`)
  for (const type of ['BindResponse', 'SearchResultDone', 'ExtensionResponse'])
    assert.ok((seen.get(type) ?? 0) > 100, `${type} ${seen.get(type)}`)
  assert.ok(settledMemory() - before < GROWTH_LIMIT_OCTETS)
  using client = await outpost.bound('demo')
  assert.equal(await client.bind('', ''), 0)
})
