import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BerReader, BerTag } from '#outposts/ldap/codec/ber.ts'
import { canonicalDn, parseDn } from '#outposts/ldap/codec/dn.ts'
import { MessageFramer } from '#outposts/ldap/codec/framing.ts'
import { MalformedMessageError } from '#outposts/ldap/codec/malformed-message-error.ts'
import { decodeMessage } from '#outposts/ldap/codec/message.ts'

const FOR_MS = 30_000
const SEED = 0x6d617274
const MAX_GROWTH_OCTETS = 64 * 1024 * 1024

/** xorshift32: the same octets in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

const SAMPLES = [
  '300c020101600702010304008000',
  '30050201034200',
  '3025020102632004000a01020a0100020100020100010100870b6f626a656374436c6173733000',
  '3041020104633c040b64633d6578616d706c65 0a01020a0100020100020100010100a01ea30b0402636e040564656d6f31a40f0402636e3009800161810162820163300402636e'.replaceAll(
    ' ',
    '',
  ),
  '301d02010177188016312e332e362e312e342e312e313436362e3230303337',
].map((hex) => Buffer.from(hex, 'hex'))

test('LD-23: random and mutated octets are decoded or refused, always in bounded time and memory', () => {
  const random = seeded(SEED)
  const until = performance.now() + FOR_MS
  let rounds = 0
  let decoded = 0
  let before = 0
  while (performance.now() < until) {
    if (++rounds === 20_000) before = process.memoryUsage().heapUsed
    const octets = rounds % 4 === 0 ? noise(random) : mutated(random)
    decoded += feed(octets, random)
    const name = octets.toString('latin1')
    const rdns = parseDn(name)
    if (rdns !== undefined) assert.equal(canonicalDn(parseDn(canonicalDn(rdns)) ?? []), canonicalDn(rdns))
  }
  assert.ok(rounds > 20_000 && decoded > 0, 'the samples are near enough to messages to be decoded at times')
  assert.ok(process.memoryUsage().heapUsed - before < MAX_GROWTH_OCTETS, 'memory stays bounded')
})

function noise(random: () => number): Buffer {
  return Buffer.from(Array.from({ length: random() % 300 }, () => random() & 0xff))
}

function mutated(random: () => number): Buffer {
  const octets = Buffer.from(SAMPLES[random() % SAMPLES.length]!)
  for (let changes = random() % 4; changes > 0; changes--) octets[random() % octets.length] = random() & 0xff
  return random() % 8 === 0 ? octets.subarray(0, random() % octets.length) : octets
}

/** Feeds the octets in two pieces, as a stream would; returns how many messages came out. */
function feed(octets: Buffer, random: () => number): number {
  const framer = new MessageFramer()
  const cut = octets.length === 0 ? 0 : random() % octets.length
  let messages = 0
  try {
    for (const part of [octets.subarray(0, cut), octets.subarray(cut)]) {
      framer.push(part)
      for (let message = framer.next(64 * 1024); message !== undefined; message = framer.next(64 * 1024)) {
        decodeMessage(message)
        walk(new BerReader(message))
        messages++
      }
    }
  } catch (error) {
    if (!(error instanceof MalformedMessageError)) throw error
  }
  return messages
}

/** Every read consumes something: a reader that stands still would never end. */
function walk(reader: BerReader): void {
  for (let guard = 0; !reader.atEnd; guard++) {
    assert.ok(guard < 100_000)
    if (reader.nextTag === BerTag.Sequence) walk(reader.enter(BerTag.Sequence))
    else reader.anything()
  }
}
