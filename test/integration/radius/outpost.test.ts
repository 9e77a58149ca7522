// The RADIUS outpost on a real socket, asked by FreeRADIUS's radclient and by the codec of the `radius` package.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import test from 'node:test'
import radius from 'radius'
import type { FlowOutcome } from '#outposts/flow/flow-client.ts'
import { Code } from '#outposts/radius/codec/assigned-numbers.ts'
import { kind } from '#outposts/radius/kind.ts'
import type { RadiusServer } from '#outposts/radius/radius-server.ts'
import { RADIUS_SECRET, SAMPLE_PASSWORD, startCore } from '#test/support/core.ts'
import { until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { startOutpost, tokenOf } from '#test/support/outpost.ts'
import { papAttributes, type RadiusAnswer, type RadiusQuestion, radclient } from '#test/support/radclient.ts'
import { opened, papRequest, request, SECRET, wrongDatagrams } from '#test/support/radius.ts'
import { ALLOWED, OneUser, radiusProvider, startRadius } from '#test/support/radius-fleet.ts'

const TOOL = ['radclient', 'freeradius-utils'] as const
const pap = (password: string, more = '') => papAttributes('demo', password, more)
type Question = Partial<RadiusQuestion> & Pick<RadiusQuestion, 'attributes'>

const rows: ReadonlyArray<[name: string, question: Question, kind: RadiusAnswer['kind']]> = [
  ['the right password', { attributes: pap('right') }, 'Access-Accept'],
  ['the wrong password', { attributes: pap('wrong') }, 'Access-Reject'],
  ['another user', { attributes: papAttributes('guest', 'right') }, 'Access-Reject'],
  ['a wrong secret', { attributes: pap('right'), secret: 'not-the-secret' }, 'silence'],
  ['CHAP', { attributes: 'User-Name=demo,CHAP-Password=right,Message-Authenticator=0x00' }, 'Access-Reject'],
  ['Status-Server', { attributes: 'Message-Authenticator=0x00', command: 'status' }, 'Access-Accept'],
  ['a password of 128 octets', { attributes: pap('x'.repeat(128)) }, 'Access-Reject'],
]
for (const [name, question, kind] of rows)
  test(`radclient, ${name}: ${kind}`, async (t) => {
    if (!(await hasTool(t, ...TOOL))) return
    await using outpost = await startRadius(new OneUser())
    const answer = await radclient({ port: outpost.port, secret: SECRET, ...question })
    assert.equal(answer.kind, kind, answer.text)
  })

test('radclient sees Message-Authenticator first, and its Proxy-State in order', async (t) => {
  if (!(await hasTool(t, ...TOOL))) return
  await using outpost = await startRadius(new OneUser())
  const attributes = pap('right', ',Proxy-State=0x6f6e65,Proxy-State=0x74776f')
  const { text } = await radclient({ port: outpost.port, secret: SECRET, attributes })
  const received = [...text.slice(text.indexOf('Received')).matchAll(/^\s+([\w-]+) = (\S+)/gm)]
  assert.equal(received[0]?.[1], 'Message-Authenticator', text)
  assert.deepEqual(
    received.slice(1).map(([, attributeName, value]) => [attributeName, value]),
    [
      ['Proxy-State', '0x6f6e65'],
      ['Proxy-State', '0x74776f'],
    ],
  )
})

test('radclient over IPv6, and over IPv4 to a socket for both', async (t) => {
  if (!(await hasTool(t, ...TOOL))) return
  if (!Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === 'IPv6')))
    return t.skip('this machine has no IPv6')
  await using outpost = await startRadius(new OneUser(), { address: '::' })
  for (const server of ['[::1]', '127.0.0.1']) {
    const answer = await radclient({ port: outpost.port, secret: SECRET, attributes: pap('right'), server })
    assert.equal(answer.kind, 'Access-Accept', answer.text)
  }
})

/** A client of one socket: sends datagrams, and hears what comes back up to an answer to its last Status-Server. */
async function peer(port: number, address = '127.0.0.1') {
  const socket = createSocket('udp4')
  const heard: Buffer[] = []
  socket.on('message', (datagram) => heard.push(datagram))
  socket.bind(0, address)
  await once(socket, 'listening')
  const status = request({ code: Code.StatusServer, identifier: 255, attributes: [] })
  return {
    heard,
    /** Waits until this many replies have come. */
    async replies(count: number) {
      while (heard.length < count) await once(socket, 'message', { signal: AbortSignal.timeout(5000) })
    },
    send: (datagram: Uint8Array) => socket.send(datagram, port, '127.0.0.1'),
    /** Datagrams are handled in order, so nothing that can be answered at once is outstanding after this. */
    async settled(secret = SECRET) {
      const last =
        secret === SECRET ? status : request({ code: Code.StatusServer, identifier: 255, secret, attributes: [] })
      socket.send(last, port, '127.0.0.1')
      while (heard.at(-1)?.[1] !== 255) await once(socket, 'message', { signal: AbortSignal.timeout(5000) })
      heard.pop()
    },
    [Symbol.dispose]: () => void socket.close(),
  }
}

type Pairs = ReadonlyArray<[name: string, value: string | Buffer]>
const credentials = (password: string): Pairs => [
  ['User-Name', 'demo'],
  ['User-Password', password],
]
const exchanges: ReadonlyArray<[code: string, attributes: Pairs, answer: string]> = [
  ['Access-Request', [...credentials('right'), ['Proxy-State', Buffer.from('one')]], 'Access-Accept'],
  ['Access-Request', [...credentials('wrong'), ['Proxy-State', Buffer.from('one')]], 'Access-Reject'],
  ['Access-Request', [['CHAP-Password', Buffer.alloc(17)]], 'Access-Reject'],
  ['Status-Server', [], 'Access-Accept'],
]
for (const [code, attributes, answer] of exchanges)
  test(`RD-05: the radius package reads the ${answer} to its own ${code} with ${attributes.length} attributes`, async () => {
    await using outpost = await startRadius(new OneUser())
    using client = await peer(outpost.port)
    const packet = { code, identifier: 7, secret: SECRET, attributes, add_message_authenticator: true }
    const sent = radius.encode(packet as unknown as Parameters<typeof radius.encode>[0])
    client.send(sent)
    await client.settled()
    const [reply] = client.heard
    assert.ok(reply)
    assert.ok(radius.verify_response({ request: sent, response: reply, secret: SECRET }))
    const decoded = radius.decode({ packet: reply, secret: SECRET })
    assert.equal(decoded.code, answer)
    const state = attributes.find(([name]) => name === 'Proxy-State')?.[1]
    assert.deepEqual(decoded.attributes['Proxy-State'], state)
  })

test('RD-02, RD-03: a forged, a missing and a doubled Message-Authenticator are left unanswered', async () => {
  const flows = new OneUser()
  await using outpost = await startRadius(flows)
  using client = await peer(outpost.port)
  for (const sign of ['forged', 'never', 'twice'] as const) client.send(papRequest({ sign }))
  await client.settled()
  assert.equal(client.heard.length, 0)
  assert.equal(flows.asked.length, 0)
})

test('RD-01: no vector is answered, whether Message-Authenticator is required or optional', async () => {
  for (const message_authenticator of ['required', 'optional'] as const) {
    await using outpost = await startRadius(new OneUser(), { providers: [radiusProvider({ message_authenticator })] })
    using client = await peer(outpost.port)
    for (const { octets } of wrongDatagrams()) client.send(octets)
    await client.settled()
    assert.equal(client.heard.length, 0)
  }
})

test('RD-03: what the administrator sets about Message-Authenticator counts at once', async (t) => {
  if (!(await hasTool(t, ...TOOL))) return
  await using core = await startCore()
  const { token } = await tokenOf(core.api, 'radius')
  await using running = await startOutpost(kind, core.url, token)
  const { body } = await core.api('GET', '/providers/radius/')
  const [provider] = body.results
  assert.equal(provider.message_authenticator, 'required')
  const { port } = running.outpost.server as RadiusServer
  const ask = async (more = '') => {
    const attributes = `User-Name=demo,User-Password="${SAMPLE_PASSWORD}"${more}`
    return (await radclient({ port: port!, secret: RADIUS_SECRET, attributes })).kind
  }
  const set = (value: string) =>
    core.api('PATCH', `/providers/radius/${provider.pk}/`, { message_authenticator: value })
  assert.equal(await ask(), 'silence')
  assert.equal((await set('sometimes')).status, 400)
  await set('optional')
  await until('the setting', async () => (await ask()) === 'Access-Accept')
  assert.equal(await ask(',Proxy-State=0x6f6e65'), 'silence')
  assert.equal(await ask(',Message-Authenticator=0x00'), 'Access-Accept')
  await set('required')
  await until('the setting', async () => (await ask()) === 'silence')
})

test('RD-06: three equal requests are one login and one answer; a fourth gets the same octets again', async () => {
  const flows = new OneUser()
  const core = Promise.withResolvers<FlowOutcome>()
  flows.answer = () => core.promise
  await using outpost = await startRadius(flows)
  using client = await peer(outpost.port)
  for (let copy = 0; copy < 3; copy++) client.send(papRequest())
  await client.settled()
  assert.equal(client.heard.length, 0)
  core.resolve(ALLOWED)
  client.send(papRequest())
  await client.settled()
  assert.equal(flows.asked.length, 1)
  assert.equal(client.heard.length, 2)
  assert.deepEqual(client.heard[0], client.heard[1])
})

test('RD-10: the longest prefix decides which application is asked for', async () => {
  const flows = new OneUser()
  const providers = [
    radiusProvider({ client_networks: '0.0.0.0/0' }),
    radiusProvider({
      pk: 2,
      application_slug: 'floor',
      client_networks: '127.0.1.0/24',
      shared_secret: 'of the floor',
    }),
    radiusProvider({ pk: 3, application_slug: 'switch', client_networks: 'nonsense, 127.0.1.9' }),
  ]
  await using outpost = await startRadius(flows, { providers })
  const clients: ReadonlyArray<[address: string, secret: string]> = [
    ['127.0.0.1', SECRET],
    ['127.0.1.8', 'of the floor'],
    ['127.0.1.9', SECRET],
  ]
  for (const [address, secret] of clients) {
    using client = await peer(outpost.port, address)
    client.send(papRequest({ secret }))
    await client.settled(secret)
    assert.equal(opened(client.heard[0]!).code, Code.AccessAccept)
  }
  assert.deepEqual(
    flows.asked.map(({ applicationSlug }) => applicationSlug),
    ['network', 'floor', 'switch'],
  )
})

test('a changed secret counts at once; a provider that cannot be read does not hinder the others', async () => {
  await using outpost = await startRadius(new OneUser())
  await outpost.configure([{ pk: 'not a number' }, radiusProvider({ shared_secret: 'the new one' })])
  using client = await peer(outpost.port)
  client.send(papRequest())
  client.send(papRequest({ secret: 'the new one' }))
  await client.settled('the new one')
  assert.equal(client.heard.length, 1)
  assert.equal(opened(client.heard[0]!).code, Code.AccessAccept)
})

test('closing lets a login under way finish, and takes no more', async () => {
  const flows = new OneUser()
  const core = Promise.withResolvers<FlowOutcome>()
  flows.answer = () => core.promise
  await using outpost = await startRadius(flows)
  using client = await peer(outpost.port)
  client.send(papRequest())
  await client.settled()
  const closed = outpost.server.close(new AbortController().signal)
  client.send(papRequest({ identifier: 2 }))
  core.resolve(ALLOWED)
  await closed
  await client.replies(1)
  assert.equal(client.heard[0]?.[1], 1)
  assert.equal(flows.asked.length, 1)
})

test('closing gives up on a login that does not end when its time is over', async () => {
  const flows = new OneUser()
  flows.answer = ({ signal }) => new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)))
  await using outpost = await startRadius(flows)
  using client = await peer(outpost.port)
  client.send(papRequest())
  await client.settled()
  await outpost.server.close(AbortSignal.abort())
  assert.ok(flows.asked[0]?.signal.aborted)
})

test('a taken port is an error that names the address and the setting', async () => {
  await using outpost = await startRadius(new OneUser())
  await assert.rejects(startRadius(new OneUser(), { port: outpost.port }), {
    code: 'MRT_LISTEN',
    message: new RegExp(`127\\.0\\.0\\.1:${outpost.port}.*MARTELLO_LISTEN__RADIUS`),
  })
})
