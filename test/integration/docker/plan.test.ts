import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Deployment } from '#controllers/target/target.ts'
import type { DeploymentSettings } from '#schema/deployment/settings.ts'
import {
  type DockerBench,
  benchDeployment as deployment,
  BENCH_NAME as NAME,
  BENCH_PK as PK,
  startDockerBench,
} from '#test/support/docker-bench.ts'
import { hasDocker } from '#test/support/docker-fleet.ts'

const command = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'
const IMAGES = { 'tiny:good': { command, health: 'true' }, 'tiny:better': { command, health: 'true' } }
const { signal } = new AbortController()

let bench: DockerBench
let impossible: string | undefined
before(async () => {
  const started = await startDockerBench(IMAGES)
  if ('impossible' in started) {
    impossible = started.impossible
    return
  }
  bench = started
  for (const network of ['front', 'back']) await bench.engine.docker('network', 'create', network)
  await bench.reach(made(), 'ready')
})
after(() => bench?.[Symbol.asyncDispose]())

const made = (settings: Partial<DeploymentSettings> = {}, image = 'tiny:good') =>
  deployment(image, {
    docker_network: 'front',
    docker_networks: ['back'],
    docker_labels: { 'a/b': 'c' },
    docker_port_bindings: { '1812/udp': '127.0.0.1:11812' },
    docker_cpus: 1,
    ...settings,
  })

const rows: ReadonlyArray<[what: string, wanted: Deployment, fields: readonly string[]]> = [
  ['the image', made({}, 'tiny:better'), ['/Image']],
  ['the token', { ...made(), secrets: { token: 'another-token' } }, ['/Env/AUTHENTIK_TOKEN']],
  ['the core', made({ authentik_host: 'https://core.example.com' }), ['/Env/AUTHENTIK_HOST']],
  ['a label', made({ docker_labels: { 'a/b': 'd' } }), ['/Labels/a~1b']],
  ['no label any more', made({ docker_labels: {} }), ['/Labels/a~1b']],
  ['one more label', made({ docker_labels: { 'a/b': 'c', d: 'e' } }), ['/Labels/d']],
  ['a limit', made({ docker_memory_mib: 64 }), ['/HostConfig/Memory']],
  [
    'no limits any more',
    made({ docker_memory_mib: null, docker_cpus: null }),
    ['/HostConfig/Memory', '/HostConfig/NanoCpus'],
  ],
  [
    'a port',
    made({ docker_port_bindings: { '1812/udp': '127.0.0.1:11813' } }),
    ['/HostConfig/PortBindings/1812~1udp/0/HostPort'],
  ],
  ['no port any more', made({ docker_map_ports: false }), ['/HostConfig/PortBindings/1812~1udp']],
  [
    'the network',
    made({ docker_network: 'none', docker_networks: ['front', 'back'] }),
    ['/HostConfig/NetworkMode', '/NetworkingConfig/EndpointsConfig/front'],
  ],
  ['no second network any more', made({ docker_networks: [] }), ['/NetworkingConfig/EndpointsConfig/back']],
]

suite('CT-16: a plan says which fields of a container differ, and no values', () => {
  for (const [what, wanted, fields] of rows)
    test(what, async (t) => {
      if (!(await hasDocker(t, impossible))) return
      const steps = await bench.target.plan(wanted, signal)
      assert.deepEqual(
        steps.map(({ action, detail }) => [action, [...detail].sort()]),
        [['replace', fields]],
      )
    })

  test('of one that another release made from the same, that it was', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await bench.startOver()
    const wanted = deployment('tiny:good', { docker_memory_mib: null })
    await bench.apply(wanted)
    const labels = ['--label', `io.goauthentik.outpost-uuid=${PK.replaceAll('-', '')}`, '--label', 'more=less']
    await bench.engine.docker('rm', '--force', NAME)
    await bench.engine.docker('run', '--detach', '--network', 'none', '--name', NAME, ...labels, 'tiny:good')
    const [step] = await bench.target.plan(wanted, signal)
    assert.equal(step?.action, 'replace')
    for (const field of [
      '/Env/AUTHENTIK_TOKEN',
      '/HostConfig/CapDrop',
      '/HostConfig/RestartPolicy/Name',
      '/Labels/more',
    ])
      assert.ok(step?.detail.includes(field), `${field}: ${step?.detail}`)
  })
})
