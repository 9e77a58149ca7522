import assert from 'node:assert/strict'
import test from 'node:test'
import { desiredContainer } from '#schema/deployment/docker/desired-container.ts'
import { deploymentDefaults } from '#schema/deployment/settings.ts'
import { changedFields } from './changed-fields.ts'

const outpost = {
  pk: '11111111-2222-3333-4444-000000000002',
  name: 'x',
  type: 'radius',
  settings: deploymentDefaults,
  providers: [],
} as const
const desired = desiredContainer(outpost, 'ghcr.io/goauthentik/radius:1', { token: 'the-secret' })
const { Image, Env, ExposedPorts, Labels, HostConfig } = desired.body as Record<string, any>

const image = {
  Config: { Cmd: ['serve'], Env: ['PATH=/bin'], ExposedPorts: { '9300/tcp': {} }, Labels: { made: 'by' } },
}
/** As a daemon shows a container that was made from what is wanted. */
const shown = (config: object = {}, host: object = {}) => ({
  Config: {
    Image,
    Cmd: ['serve'],
    Env: [...Env, 'PATH=/bin'],
    ExposedPorts: { ...ExposedPorts, '9300/tcp': {} },
    Labels: { ...Labels, made: 'by' },
    ...config,
  },
  HostConfig: {
    ...HostConfig,
    RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 },
    NetworkMode: 'default',
    NanoCpus: 0,
    CpuShares: 0,
    ...host,
  },
  NetworkSettings: { Networks: { bridge: {} } },
})
const HASH = '/Labels/io.martello.spec-hash'

const rows: ReadonlyArray<[what: string, shown: unknown, image: unknown, fields: readonly string[]]> = [
  ['nothing that can be seen', shown(), image, [HASH]],
  ['nothing, by an image that is gone', shown(), undefined, [HASH]],
  ['nothing, by an image that sets nothing', shown({ Cmd: null, Env, ExposedPorts, Labels }), { Config: null }, [HASH]],
  ['what is no container', { message: 'gone' }, image, [HASH]],
  [
    'another token',
    shown({ Env: ['AUTHENTIK_TOKEN=another', ...Env.slice(0, 3), 'PATH=/bin'] }),
    image,
    ['/Env/AUTHENTIK_TOKEN'],
  ],
  ['one more variable', shown({ Env: [...Env, 'MORE=less', 'PATH=/bin'] }), image, ['/Env/MORE']],
  ["a variable of the image's that is another", shown({ Env: [...Env, 'PATH=/sbin'] }), image, ['/Env/PATH']],
  ['a command', shown({ Cmd: ['radius'] }), image, ['/Cmd']],
  [
    'a network',
    shown({}, { NetworkMode: 'edge' }),
    image,
    ['/HostConfig/NetworkMode', '/NetworkingConfig/EndpointsConfig/bridge'],
  ],
  [
    'another restart policy',
    shown({}, { RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } }),
    image,
    ['/HostConfig/RestartPolicy/Name'],
  ],
]
for (const [what, inspected, from, fields] of rows)
  test(`what differs: ${what}`, () => {
    const found = changedFields(desired, inspected, from)
    assert.deepEqual(found.toSorted(), fields)
    assert.doesNotMatch(JSON.stringify(found), /the-secret/)
  })
