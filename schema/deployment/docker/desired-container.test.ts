import assert from 'node:assert/strict'
import test from 'node:test'
import { exampleProvider } from '#test/support/deployment-vectors.ts'
import type { DeployableOutpost } from '../outpost.ts'
import { type DeploymentSettings, deploymentDefaults } from '../settings.ts'
import { desiredContainer, SPEC_LABEL } from './desired-container.ts'

const outpost = (
  settings: Partial<DeploymentSettings> = {},
  more: Partial<DeployableOutpost> = {},
): DeployableOutpost => ({
  pk: '11111111-2222-3333-4444-000000000002',
  name: 'obj Proxy',
  type: 'proxy',
  settings: { ...deploymentDefaults, authentik_host: 'https://Auth.example.com/Path/', ...settings },
  providers: [],
  ...more,
})
const made = (settings?: Partial<DeploymentSettings>, more?: Partial<DeployableOutpost>, image = 'example.com/o:1') =>
  desiredContainer(outpost(settings, more), image, { token: 'the-token' })
const host = (settings?: Partial<DeploymentSettings>, more?: Partial<DeployableOutpost>) =>
  made(settings, more).body['HostConfig'] as Record<string, any>

const bindings: ReadonlyArray<
  [what: string, settings: Partial<DeploymentSettings>, type: DeployableOutpost['type'], expected: object]
> = [
  [
    'proxy',
    {},
    'proxy',
    { '9000/tcp': [{ HostIp: '', HostPort: '9000' }], '9443/tcp': [{ HostIp: '', HostPort: '9443' }] },
  ],
  [
    'LDAP',
    {},
    'ldap',
    { '3389/tcp': [{ HostIp: '', HostPort: '389' }], '6636/tcp': [{ HostIp: '', HostPort: '636' }] },
  ],
  ['RADIUS', {}, 'radius', { '1812/udp': [{ HostIp: '', HostPort: '1812' }] }],
  ['nothing mapped', { docker_map_ports: false }, 'radius', {}],
  [
    'another port on one address',
    { docker_port_bindings: { '1812/udp': '127.0.0.1:11812' } },
    'radius',
    { '1812/udp': [{ HostIp: '127.0.0.1', HostPort: '11812' }] },
  ],
  [
    'an IPv6 address',
    { docker_port_bindings: { '1812/udp': '[::1]:1812' } },
    'radius',
    { '1812/udp': [{ HostIp: '::1', HostPort: '1812' }] },
  ],
  [
    'one port left out',
    { docker_port_bindings: { '9443/tcp': '' } },
    'proxy',
    { '9000/tcp': [{ HostIp: '', HostPort: '9000' }] },
  ],
]
for (const [what, settings, type, expected] of bindings)
  test(`ports: ${what}`, () => assert.deepEqual(host(settings, { type })['PortBindings'], expected))

test('the core is named as it is written', () =>
  assert.deepEqual(made({ authentik_host_insecure: true }).body['Env'], [
    'AUTHENTIK_HOST=https://Auth.example.com/Path/',
    'AUTHENTIK_HOST_BROWSER=',
    'AUTHENTIK_INSECURE=true',
    'AUTHENTIK_TOKEN=the-token',
  ]))

const commands: ReadonlyArray<[image: string, command: unknown]> = [
  ['ghcr.io/martello/outpost:1.0.0', ['proxy']],
  ['ghcr.io/goauthentik/proxy:2023.8.3', undefined],
]
for (const [image, command] of commands)
  test(`command of ${image}`, () => assert.deepEqual(made({}, {}, image).body['Cmd'], command))

const provider = (mode: 'proxy' | 'forward_single' | 'forward_domain', address: string) =>
  exampleProvider(address, mode, address)
test('Traefik routes hosts, without ports, by their mode', () => {
  const providers = [
    provider('proxy', 'https://app.example.com:8443'),
    provider('forward_single', 'https://other.example.com'),
    provider('forward_single', 'https://other.example.com:444'),
    { name: 'no proxy' },
  ]
  const { Labels } = made({}, { providers }).body
  assert.equal(
    Labels['traefik.http.routers.ak-outpost-obj-proxy-router.rule'],
    'Host(`app.example.com`) || (Host(`other.example.com`) && PathPrefix(`/outpost.goauthentik.io`))',
  )
})

test('CT-13: a host that a rule cannot hold is left out', () => {
  const { Labels } = made(
    {},
    { providers: [provider('proxy', 'https://[::1]:1/'), provider('proxy', 'http://a_`b.example')] },
  ).body
  assert.equal(Labels['traefik.enable'], undefined)
})

test("the user's labels win, except the owner's", () => {
  const { Labels } = made(
    { docker_labels: { 'traefik.enable': 'false', 'io.goauthentik.outpost-uuid': 'x', [SPEC_LABEL]: 'y' } },
    { providers: [provider('proxy', 'https://app.example.com')] },
  ).body
  assert.equal(Labels['traefik.enable'], 'false')
  assert.equal(Labels['io.goauthentik.outpost-uuid'], '11111111222233334444000000000002')
  assert.match(Labels[SPEC_LABEL] ?? '', /^[0-9a-f]{64}$/)
})

const base = made().specHash
const differences: ReadonlyArray<[what: string, settings: Partial<DeploymentSettings>]> = [
  ['a label', { docker_labels: { a: 'b' } }],
  ['a network', { docker_network: 'edge' }],
  ['a second network', { docker_networks: ['edge'] }],
  ['mapping switched off', { docker_map_ports: false }],
  ['a limit', { docker_memory_mib: 64 }],
  ['the core', { authentik_host: 'https://other.example.com' }],
]
for (const [what, settings] of differences)
  test(`${what} makes another container`, () => assert.notEqual(made(settings).specHash, base))

test('the same makes the same, whatever the order of labels', () => {
  assert.equal(made().specHash, base)
  assert.equal(
    made({ docker_labels: { a: '1', b: '2' } }).specHash,
    made({ docker_labels: { b: '2', a: '1' } }).specHash,
  )
})

test('nothing that an outpost does not need', () => {
  const config = host()
  assert.deepEqual(config['CapDrop'], ['ALL'])
  assert.equal(config['ReadonlyRootfs'], true)
  assert.deepEqual(config['SecurityOpt'], ['no-new-privileges'])
  assert.equal(config['Memory'], 512 * 1024 * 1024)
})
