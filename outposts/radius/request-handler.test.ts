import assert from 'node:assert/strict'
import test from 'node:test'
import { Registry } from 'prom-client'
import type { FlowOutcome } from '#outposts/flow/flow-client.ts'
import type { LogFields, Logger } from '#schema/kernel/logger.ts'
import {
  attribute,
  fromHex,
  isSigned,
  opened,
  papRequest,
  type RequestOptions,
  recordedExchanges,
  request,
  wrongDatagrams,
} from '#test/support/radius.ts'
import { ALLOWED, DENIED, OneUser, radiusProvider } from '#test/support/radius-fleet.ts'
import { clientNetworks } from './client-networks.ts'
import { AttributeType, Code, Microsoft } from './codec/assigned-numbers.ts'
import { encodeVendorSpecific } from './codec/vendor-specific.ts'
import { RadiusMetrics } from './metrics.ts'
import type { DropReason, RejectReason } from './reasons.ts'
import { RADIUS_LIMITS, RequestHandler } from './request-handler.ts'

const NAS = { address: '127.0.0.1', port: 50_000 }

class LogLines implements Logger {
  readonly lines: string[] = []
  readonly #write = (event: string, fields: LogFields = {}) =>
    void this.lines.push(`${event} ${JSON.stringify(fields)}`)
  trace = this.#write
  debug = this.#write
  info = this.#write
  warning = this.#write
  error = this.#write
  child = () => this
}

function start(limits: Partial<typeof RADIUS_LIMITS> = {}) {
  const flows = new OneUser()
  const registry = new Registry()
  const log = new LogLines()
  const clock = { time: 1000, now: () => clock.time }
  const metrics = new RadiusMetrics(registry)
  const handler = new RequestHandler({ flows, clock, log, metrics, limits: { ...RADIUS_LIMITS, ...limits } })
  handler.networks = clientNetworks([radiusProvider()]).networks
  const counted = async (name: 'dropped' | 'rejected', reason: DropReason | RejectReason) => {
    const metric = await registry.getSingleMetric(`authentik_outpost_radius_requests_${name}_total`)!.get()
    return metric.values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0
  }
  return { flows, handler, log, clock, counted }
}

const codeOf = (reply: Uint8Array | undefined) => reply && opened(reply).code

test('the right password is accepted, the wrong one rejected, both signed', async () => {
  const { handler, flows } = start()
  for (const [password, code] of [
    ['right', Code.AccessAccept],
    ['wrong', Code.AccessReject],
  ] as const) {
    const sent = papRequest({ password, authenticator: `password: ${password}`.padEnd(16).slice(0, 16) })
    const reply = await handler.handle(sent, NAS)
    assert.equal(codeOf(reply), code)
    assert.ok(isSigned(reply!, sent))
  }
  const { signal: _, log: __, ...first } = flows.asked[0]!
  assert.deepEqual(first, {
    flowSlug: 'login',
    applicationSlug: 'network',
    username: 'demo',
    password: 'right',
    remoteIp: '127.0.0.1',
    protocol: 'radius',
  })
})

const dropped: ReadonlyArray<[name: string, datagram: Uint8Array, reason: DropReason]> = [
  ...wrongDatagrams().map(({ name, octets, reason }): [string, Uint8Array, DropReason] => [name, octets, reason]),
  ['RD-02: a forged Message-Authenticator', papRequest({ sign: 'forged' }), 'bad_message_authenticator'],
  ['RD-02: two Message-Authenticators', papRequest({ sign: 'twice' }), 'bad_message_authenticator'],
  ['RD-03: no Message-Authenticator', papRequest({ sign: 'never' }), 'missing_message_authenticator'],
  [
    'RD-04: Proxy-State without Message-Authenticator',
    papRequest({ sign: 'never', attributes: [attribute(AttributeType.ProxyState, 'one')] }),
    'missing_message_authenticator',
  ],
  ['RD-09: a wrong shared secret', papRequest({ secret: 'not-the-secret' }), 'bad_message_authenticator'],
  ...[0, 1, 15, 17, 129, 144].map((length): [string, Uint8Array, DropReason] => [
    `${length === 17 ? 'RD-22' : 'RD-11'}: User-Password of ${length} octets`,
    request({
      attributes: [
        attribute(AttributeType.UserName, 'demo'),
        attribute(AttributeType.UserPassword, new Uint8Array(length)),
      ],
    }),
    'bad_password_length',
  ]),
  ['two User-Names', papRequest({ attributes: [attribute(AttributeType.UserName, 'akadmin')] }), 'malformed'],
]
for (const [name, datagram, reason] of dropped)
  test(`${name} is left without an answer, and counted`, async () => {
    const { handler, flows, counted } = start()
    assert.equal(await handler.handle(datagram, NAS), undefined)
    assert.equal(await counted('dropped', reason), 1)
    assert.equal(flows.asked.length, 0)
  })

for (const sign of ['first', 'middle', 'last'] as const)
  test(`RD-02: a right Message-Authenticator is accepted as the ${sign} attribute`, async () => {
    assert.equal(codeOf(await start().handler.handle(papRequest({ sign }), NAS)), Code.AccessAccept)
  })

test('RD-04: Proxy-State comes back in order when the request is signed', async () => {
  const attributes = ['one', 'two'].map((state) => attribute(AttributeType.ProxyState, state))
  const reply = await start().handler.handle(papRequest({ attributes }), NAS)
  assert.deepEqual(opened(reply!).attributes.slice(1), attributes)
})

const signed: ReadonlyArray<[name: string, options: RequestOptions, code: number]> = [
  ['Accept', { attributes: [] }, Code.AccessAccept],
  ['Reject', { attributes: [attribute(AttributeType.ChapPassword, new Uint8Array(17))] }, Code.AccessReject],
]
for (const [name, options, code] of signed)
  test(`RD-05: an Access-${name} begins with a right Message-Authenticator`, async () => {
    const sent = name === 'Accept' ? papRequest(options) : request(options)
    const reply = await start().handler.handle(sent, NAS)
    assert.equal(codeOf(reply), code)
    assert.equal(opened(reply!).attributes[0]?.type, AttributeType.MessageAuthenticator)
    assert.ok(isSigned(reply!, sent))
  })

test('RD-05: an unsigned request that is allowed to be gets an answer that begins with a right Message-Authenticator', async () => {
  const { handler } = start()
  handler.networks = clientNetworks([radiusProvider({ message_authenticator: 'optional' })]).networks
  const sent = papRequest({ sign: 'never' })
  const reply = await handler.handle(sent, NAS)
  assert.equal(codeOf(reply), Code.AccessAccept)
  assert.equal(opened(reply!).attributes[0]?.type, AttributeType.MessageAuthenticator)
  assert.ok(isSigned(reply!, sent))
})

test('RD-06: equal requests are one login and one answer, sent again for five seconds', async () => {
  const { handler, flows, clock, counted } = start()
  const core = Promise.withResolvers<FlowOutcome>()
  flows.answer = () => core.promise
  const first = handler.handle(papRequest(), NAS)
  assert.equal(await handler.handle(papRequest(), NAS), undefined)
  assert.equal(await counted('dropped', 'duplicate'), 1)
  core.resolve(ALLOWED)
  const reply = await first
  clock.time += 4999
  assert.deepEqual(await handler.handle(papRequest(), NAS), reply)
  assert.equal(flows.asked.length, 1)
  clock.time += 1
  assert.equal(codeOf(await handler.handle(papRequest(), NAS)), Code.AccessAccept)
  assert.equal(flows.asked.length, 2)
})

test('RD-06: the same identifier with a new authenticator supersedes the request under way', async () => {
  const { handler, flows, counted } = start()
  const core = Promise.withResolvers<FlowOutcome>()
  flows.answer = () => core.promise
  const first = handler.handle(papRequest(), NAS)
  flows.answer = undefined
  const second = papRequest({ authenticator: 'fedcba9876543210' })
  assert.ok(isSigned((await handler.handle(second, NAS))!, second))
  assert.ok(flows.asked[0]!.signal.aborted)
  core.resolve(ALLOWED)
  assert.equal(await first, undefined)
  assert.equal(await counted('dropped', 'superseded'), 1)
})

test('RD-07: a core that does not answer within the deadline is silence, and the next try asks again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { handler, flows, counted } = start({ deadlineMs: 10_000 })
  flows.answer = ({ signal }) => new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)))
  const first = handler.handle(papRequest(), NAS)
  t.mock.timers.tick(10_000)
  assert.equal(await first, undefined)
  assert.equal(await counted('dropped', 'core_unavailable'), 1)
  flows.answer = undefined
  assert.equal(codeOf(await handler.handle(papRequest(), NAS)), Code.AccessAccept)
})

test('RD-07: no more logins are under way than allowed, the others are not queued', async () => {
  const { handler, flows, counted } = start({ concurrentLogins: 2 })
  const core = Promise.withResolvers<FlowOutcome>()
  flows.answer = () => core.promise
  const replies = [1, 2, 3].map((identifier) => handler.handle(papRequest({ identifier }), NAS))
  assert.equal(await replies[2], undefined)
  assert.equal(await counted('dropped', 'overloaded'), 1)
  core.resolve(DENIED)
  assert.deepEqual((await Promise.all(replies)).map(codeOf), [Code.AccessReject, Code.AccessReject, undefined])
  assert.equal(flows.asked.length, 2)
})

test('RD-08: a core that is down is silence, not a rejection', async () => {
  const { handler, flows, counted } = start()
  flows.answer = () => Promise.resolve({ kind: 'unavailable', reason: 'connection refused' })
  assert.equal(await handler.handle(papRequest(), NAS), undefined)
  assert.equal(await counted('dropped', 'core_unavailable'), 1)
  assert.equal(await counted('rejected', 'flow_error'), 0)
})

test('RD-09: many wrong secrets are few lines, none with a password or a secret', async () => {
  const { handler, log } = start()
  for (let identifier = 0; identifier < 200; identifier++)
    await handler.handle(papRequest({ identifier, secret: 'not-the-secret', password: 'hunter2hunter2' }), NAS)
  await handler.handle(papRequest({ password: 'hunter2hunter2' }), NAS)
  assert.equal(log.lines.filter((line) => line.includes('bad_message_authenticator')).length, 1)
  assert.doesNotMatch(log.lines.join('\n'), /hunter2|testing123|not-the-secret/)
})

for (const address of ['10.0.0.1', '2001:db8::1', 'not an address'])
  test(`RD-10: ${address} is in no client network and gets no answer`, async () => {
    const { handler, counted } = start()
    assert.equal(await handler.handle(papRequest(), { address, port: 1 }), undefined)
    assert.equal(await counted('dropped', 'unknown_client'), 1)
  })

test('RD-10: two providers with one secret are told apart by their networks', async () => {
  const { handler, flows } = start()
  handler.networks = clientNetworks([
    radiusProvider(),
    radiusProvider({ pk: 2, application_slug: 'vpn', client_networks: '127.0.0.7' }),
  ]).networks
  await handler.handle(papRequest(), { address: '127.0.0.7', port: 1 })
  await handler.handle(papRequest(), { address: '127.0.0.8', port: 1 })
  assert.deepEqual(
    flows.asked.map(({ applicationSlug }) => applicationSlug),
    ['vpn', 'network'],
  )
})

const msChap = encodeVendorSpecific({
  vendor: Microsoft.vendor,
  attributes: [{ type: Microsoft.Chap2Response, value: new Uint8Array(50) }],
})
const unsupported: ReadonlyArray<[name: string, attributes: RequestOptions['attributes'], message: RegExp]> = [
  ['CHAP without a challenge', [attribute(AttributeType.ChapPassword, new Uint8Array(17))], /^CHAP is not/],
  ['MS-CHAP', [attribute(AttributeType.VendorSpecific, msChap)], /^MS-CHAP is not/],
  ['EAP', [attribute(AttributeType.EapMessage, fromHex('0201000e017265632d616c696365'))], /^EAP is not/],
  ['no password', [], /password is required/],
]
for (const [name, attributes, message] of unsupported)
  test(`RD-11: ${name} is rejected with a reason, without a login`, async () => {
    const { handler, flows, counted } = start()
    const sent = request({ attributes: [attribute(AttributeType.UserName, 'demo'), ...attributes] })
    const reply = opened((await handler.handle(sent, NAS))!)
    assert.equal(reply.code, Code.AccessReject)
    assert.match(Buffer.from(reply.attributes[1]!.value).toString(), message)
    assert.equal(await counted('rejected', 'unsupported_method'), 1)
    assert.equal(flows.asked.length, 0)
  })

const nobody: ReadonlyArray<[name: string, options: Parameters<typeof papRequest>[0]]> = [
  ['a password that is not UTF-8', { password: fromHex('72ff69676874') }],
  ['a password with NUL inside', { password: fromHex('726967687400ff') }],
  ['an empty password', { password: '' }],
  ['an empty user name', { username: '' }],
  ['a user name with NUL', { username: 'demo\0' }],
]
for (const [name, options] of nobody)
  test(`RD-11: ${name} is rejected without a login`, async () => {
    const { handler, flows } = start()
    assert.equal(codeOf(await handler.handle(papRequest(options), NAS)), Code.AccessReject)
    assert.equal(flows.asked.length, 0)
  })

for (const password of [
  'p',
  'exactly 16 chars',
  'pässwörd mit ünïcode',
  'x'.repeat(128),
  'ends with space ',
  '\ufeffbom',
])
  test(`RD-11: the password ${JSON.stringify(password.slice(0, 24))} reaches the core to the letter`, async () => {
    const { handler, flows } = start()
    await handler.handle(papRequest({ password }), NAS)
    assert.equal(flows.asked[0]?.password, password)
  })

test('RD-16: Status-Server is answered with a signed Access-Accept, without asking the core', async () => {
  const { handler, flows } = start()
  const { request: sent } = recordedExchanges().find(({ name }) => name === 'Status-Server')!
  const reply = await handler.handle(sent, NAS)
  assert.equal(codeOf(reply), Code.AccessAccept)
  assert.ok(isSigned(reply!, sent))
  assert.equal(flows.asked.length, 0)
})

test('a login that was allowed before its user was revoked is not answered', async () => {
  const { handler, flows, counted } = start()
  const core = Promise.withResolvers<FlowOutcome>()
  flows.answer = () => core.promise
  const reply = handler.handle(papRequest(), NAS)
  handler.revoke(7)
  core.resolve(ALLOWED)
  assert.equal(await reply, undefined)
  assert.equal(await counted('dropped', 'revoked'), 1)
})

test('a retransmission after the revocation is decided afresh', async () => {
  const { handler, flows } = start()
  assert.equal(codeOf(await handler.handle(papRequest(), NAS)), Code.AccessAccept)
  handler.revoke(7)
  flows.answer = () => Promise.resolve(DENIED)
  assert.equal(codeOf(await handler.handle(papRequest(), NAS)), Code.AccessReject)
})

test('an unexpected failure is silence, counted, and does not block the identifier', async () => {
  const { handler, flows, counted } = start()
  flows.answer = () => Promise.reject(new TypeError('a bug'))
  assert.equal(await handler.handle(papRequest(), NAS), undefined)
  assert.equal(await counted('dropped', 'internal_error'), 1)
  flows.answer = undefined
  assert.equal(codeOf(await handler.handle(papRequest(), NAS)), Code.AccessAccept)
})
