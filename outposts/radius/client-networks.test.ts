import assert from 'node:assert/strict'
import test from 'node:test'
import { radiusOutpostConfig } from '#schema/api/outpost-providers.ts'
import { clientNetworks } from './client-networks.ts'

const provider = (pk: number, client_networks: string, shared_secret = 'the same for all') =>
  radiusOutpostConfig.parse({
    pk,
    name: `provider ${pk}`,
    application_slug: `app-${pk}`,
    auth_flow_slug: 'login',
    client_networks,
    shared_secret,
  })

const FLEET = [
  provider(1, '0.0.0.0/0, ::/0'),
  provider(2, '10.0.0.0/8,2001:db8::/32'),
  provider(3, '10.1.0.0/16'),
  provider(4, '10.1.2.3, 2001:db8:0:1::/64'),
  provider(5, '10.1.2.0/23'),
]

const served: ReadonlyArray<[address: string, by: number]> = [
  ['192.0.2.1', 1],
  ['10.200.0.1', 2],
  ['10.1.200.1', 3],
  ['10.1.3.255', 5],
  ['10.1.2.4', 5],
  ['10.1.2.3', 4],
  ['::ffff:10.1.2.3', 4],
  ['2001:db8:ffff::1', 2],
  ['2001:db8:0:1::1', 4],
  ['2001:db9::1', 1],
]
for (const order of ['as given', 'reversed'] as const)
  for (const [address, by] of served)
    test(`RD-10: ${address} is served by the longest prefix, providers ${order}, one secret for all`, () => {
      const { networks } = clientNetworks(order === 'reversed' ? FLEET.toReversed() : FLEET)
      assert.equal(networks.find(address)?.applicationSlug, `app-${by}`)
    })

const unserved: ReadonlyArray<[networks: string, address: string]> = [
  ['127.0.0.1/32', '127.0.0.3'],
  ['::/0', '127.0.0.1'],
  ['0.0.0.0/0', '::1'],
  ['', '127.0.0.1'],
]
for (const [networks, address] of unserved)
  test(`RD-10: "${networks}" does not serve ${address}`, () =>
    assert.equal(clientNetworks([provider(1, networks)]).networks.find(address), undefined))

test('bits behind the prefix do not matter', () => {
  const { networks } = clientNetworks([provider(1, '10.1.2.3/8')])
  assert.equal(networks.find('10.9.9.9')?.name, 'provider 1')
})

test('RD-10: a network that two providers claim stays with the older one, and is reported', () => {
  const { networks, problems } = clientNetworks([provider(9, '10.0.0.0/8'), provider(7, '10.0.0.5/8, 10.0.0.0/8')])
  assert.equal(networks.find('10.0.0.1')?.name, 'provider 7')
  assert.deepEqual(problems, [
    { provider: 'provider 9', network: '10.0.0.0/8', problem: 'served for another provider' },
  ])
})

for (const wrong of ['10.0.0.0/33', '10.0.0/8', 'nas.example.com', '2001:db8::/129', '10.0.0.0/8/8'])
  test(`the entry "${wrong}" is reported and left out, its neighbours are served`, () => {
    const { networks, problems } = clientNetworks([provider(1, `${wrong}, 192.0.2.0/24`), provider(2, '198.51.100.1')])
    assert.deepEqual(problems, [{ provider: 'provider 1', network: wrong, problem: 'not a network' }])
    assert.equal(networks.find('192.0.2.9')?.name, 'provider 1')
    assert.equal(networks.find('198.51.100.1')?.name, 'provider 2')
  })

test('RD-17: a flood of unknown addresses does not change who is served', () => {
  const { networks } = clientNetworks([provider(1, '10.0.0.0/8')])
  for (let i = 0; i < 20_000; i++) assert.equal(networks.find(`192.168.${(i >> 8) % 256}.${i % 256}`), undefined)
  for (let again = 0; again < 2; again++) assert.equal(networks.find('10.1.2.3')?.name, 'provider 1')
  assert.equal(networks.find('not an address'), undefined)
})

test('a provider without a shared secret serves nobody', () => {
  const { networks, problems } = clientNetworks([provider(1, '10.0.0.0/8', '')])
  assert.equal(networks.find('10.0.0.1'), undefined)
  assert.equal(problems[0]?.problem, 'no shared secret')
})

const policies: ReadonlyArray<[told: object, required: boolean]> = [
  [{}, true],
  [{ message_authenticator: 'required' }, true],
  [{ message_authenticator: 'optional' }, false],
]
for (const [told, required] of policies)
  test(`RD-03: Message-Authenticator is ${required ? 'required' : 'optional'} when the core tells ${JSON.stringify(told)}`, () => {
    const config = radiusOutpostConfig.parse({ ...provider(1, '10.0.0.1'), message_authenticator: undefined, ...told })
    const found = clientNetworks([config]).networks.find('10.0.0.1')
    assert.equal(found?.requiresMessageAuthenticator, required)
  })
