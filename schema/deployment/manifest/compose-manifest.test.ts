import assert from 'node:assert/strict'
import test from 'node:test'
import { parseAllDocuments } from 'yaml'
import { desiredContainer } from '../docker/desired-container.ts'
import type { DeployableOutpost } from '../outpost.ts'
import { type DeploymentSettings, deploymentDefaults } from '../settings.ts'
import { composeManifest } from './compose-manifest.ts'

const NAME = 'ak-outpost-edge'

/** The file as Compose reads it, before it puts variables in. */
function file(
  settings: Partial<DeploymentSettings> = {},
  type: DeployableOutpost['type'] = 'ldap',
  token = 'the-token',
) {
  const authentik_host = 'https://auth.example.com/'
  const outpost: DeployableOutpost = {
    pk: '11111111-2222-3333-4444-000000000002',
    name: 'edge',
    type,
    settings: { ...deploymentDefaults, authentik_host, ...settings },
    providers: [],
  }
  const documents = parseAllDocuments(composeManifest(desiredContainer(outpost, 'example.com/outpost:1', { token })))
  assert.equal(documents.length, 1)
  assert.deepEqual(documents[0]!.errors, [])
  return documents[0]!.toJS()
}
const service = (...args: Parameters<typeof file>) => file(...args).services[NAME]

test('a service is the container that the controller would make', () =>
  assert.deepEqual(file(), {
    services: {
      [NAME]: {
        image: 'example.com/outpost:1',
        container_name: NAME,
        command: ['ldap'],
        environment: {
          AUTHENTIK_HOST: 'https://auth.example.com/',
          AUTHENTIK_HOST_BROWSER: '',
          AUTHENTIK_INSECURE: 'false',
          AUTHENTIK_TOKEN: 'the-token',
        },
        labels: { 'io.goauthentik.outpost-uuid': '11111111222233334444000000000002' },
        expose: ['3389/tcp', '6636/tcp'],
        ports: ['389:3389/tcp', '636:6636/tcp'],
        network_mode: 'bridge',
        restart: 'unless-stopped',
        read_only: true,
        tmpfs: ['/tmp:size=64m'],
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges'],
        pids_limit: 512,
        mem_limit: 536_870_912,
        logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
      },
    },
  }))

const rows: ReadonlyArray<
  [what: string, settings: Partial<DeploymentSettings>, type: DeployableOutpost['type'], expected: object]
> = [
  ['no ports', { docker_map_ports: false }, 'radius', { ports: [], expose: ['1812/udp'] }],
  [
    'a port on one address',
    { docker_port_bindings: { '1812/udp': '127.0.0.1:11812' } },
    'radius',
    { ports: ['127.0.0.1:11812:1812/udp'] },
  ],
  [
    'a port on one IPv6 address',
    { docker_port_bindings: { '1812/udp': '[::1]:11812' } },
    'radius',
    { ports: ['[::1]:11812:1812/udp'] },
  ],
  ['limits', { docker_memory_mib: null, docker_cpus: 0.5 }, 'ldap', { mem_limit: undefined, cpus: 0.5 }],
  ['the network of the host', { docker_network: 'host' }, 'ldap', { network_mode: 'host', networks: undefined }],
  ['a network', { docker_network: 'edge' }, 'ldap', { network_mode: undefined, networks: ['edge'] }],
]
for (const [what, settings, type, expected] of rows)
  test(what, () => {
    const made = service(settings, type)
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, made[key]])), expected)
  })

test('networks have to be there: none is made', () =>
  assert.deepEqual(file({ docker_network: 'edge', docker_networks: ['back'] }).networks, {
    edge: { external: true },
    back: { external: true },
  }))

test('a dollar sign is one, and no variable', () => {
  const { labels, environment } = service({ docker_labels: { rule: 'a$b $c' } }, 'ldap', 't$k')
  assert.deepEqual([labels.rule, environment.AUTHENTIK_TOKEN], ['a$$b $$c', 't$$k'])
})
