import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import test from 'node:test'
import { fromHex, isSigned, octets, opened, papRequest, recordedExchanges, SECRET } from '#test/support/radius.ts'
import { AttributeType, Code } from './assigned-numbers.ts'
import { checkMessageAuthenticator, headerAuthenticator } from './authenticators.ts'
import { encodeReply } from './reply.ts'

const RFC_SECRET = octets('xyzzy5461')

test('RFC 2865 §7.1: the authenticator of the reply', () => {
  const reply = fromHex(
    '02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00 0e 06 c0 a8 01 03',
  )
  const ofRequest = fromHex('0f403f9473978057bd83d5cb98f4227a')
  assert.deepEqual(new Uint8Array(headerAuthenticator(reply, RFC_SECRET, ofRequest)), reply.subarray(4, 20))
})

test('RFC 5997 §6.1: Status-Server carries a valid Message-Authenticator', () => {
  const statusServer = fromHex(
    '0c da 00 26 8a 54 f4 68 6f b3 94 c5 28 66 e3 02 18 5d 06 23 50 12 5a 66 5e 2e 1e 84 11 f3 e2 43 82 20 97 c8 4f a3',
  )
  assert.equal(checkMessageAuthenticator(opened(statusServer), RFC_SECRET), 'valid')
})

test('RFC 2866 §3: an Accounting-Request is signed over zeroes', () => {
  const recorded = recordedExchanges().find(({ name }) => name === 'Accounting-Request start')!.request
  assert.deepEqual(new Uint8Array(headerAuthenticator(recorded, octets(SECRET))), recorded.subarray(4, 20))
})

const recorded: ReadonlyArray<[name: string, state: ReturnType<typeof checkMessageAuthenticator>]> = [
  ['accept, Message-Authenticator first', 'valid'],
  ['accept, Message-Authenticator last', 'valid'],
  ['EAP-Message identity, Message-Authenticator', 'valid'],
  ['wrong Message-Authenticator, right password', 'invalid'],
  ['wrong secret, Message-Authenticator', 'invalid'],
  ['Proxy-State twice', 'absent'],
]
for (const [name, state] of recorded)
  test(`RD-02 recorded (${name}): ${state}`, () => {
    const { request } = recordedExchanges().find((exchange) => exchange.name === name)!
    assert.equal(checkMessageAuthenticator(opened(request), octets(SECRET)), state)
  })

test('RD-02: two of them are one too many, even when the first is right', () => {
  assert.equal(checkMessageAuthenticator(opened(papRequest({ sign: 'twice' })), octets(SECRET)), 'repeated')
})

test('RD-02: the value computed over itself instead of zeroes is wrong', () => {
  const packet = papRequest()
  packet.set(createHmac('md5', SECRET).update(packet).digest(), 22)
  assert.equal(checkMessageAuthenticator(opened(packet), octets(SECRET)), 'invalid')
})

for (const sign of ['first', 'middle', 'last'] as const)
  test(`RD-02: the value is right as the ${sign} attribute`, () =>
    assert.equal(checkMessageAuthenticator(opened(papRequest({ sign })), octets(SECRET)), 'valid'))

for (const at of [0, 1, 4, 19, 22, 37, 41])
  test(`a signed request with one bit changed in octet ${at} is not signed`, () => {
    const changed = papRequest()
    changed[at] = changed[at]! ^ 0x10
    assert.equal(checkMessageAuthenticator(opened(changed), octets(SECRET)), 'invalid')
  })

test('RD-05: Message-Authenticator is the first attribute of a reply, Proxy-State last and in order', () => {
  const sent = papRequest({
    attributes: [
      { type: AttributeType.ProxyState, value: octets('one') },
      { type: AttributeType.NasIdentifier, value: octets('nas') },
      { type: AttributeType.ProxyState, value: octets('two') },
    ],
  })
  const message = { type: AttributeType.ReplyMessage, value: octets('no') }
  const reply = encodeReply(opened(sent), octets(SECRET), { code: Code.AccessReject, attributes: [message] })
  const { attributes, identifier } = opened(reply)
  assert.equal(identifier, 1)
  assert.deepEqual(
    attributes.map(({ type }) => type),
    [
      AttributeType.MessageAuthenticator,
      AttributeType.ReplyMessage,
      AttributeType.ProxyState,
      AttributeType.ProxyState,
    ],
  )
  assert.deepEqual(
    attributes.slice(2).map(({ value }) => Buffer.from(value).toString()),
    ['one', 'two'],
  )
  assert.ok(isSigned(reply, sent))
})

for (const { name, request, reply } of recordedExchanges())
  if (reply !== undefined)
    test(`recorded (${name}): the reply of the reference is signed as ours is checked`, () =>
      assert.ok(isSigned(reply, request)))
