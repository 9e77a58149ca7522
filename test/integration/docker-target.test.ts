import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, beforeEach, suite, test } from 'node:test'
import { dockerAgent } from '#controllers/docker/connect.ts'
import { DockerTarget } from '#controllers/docker/docker-target.ts'
import { EngineApi } from '#controllers/docker/engine-api.ts'
import type { Deployment } from '#controllers/target/target.ts'
import { type DeploymentSettings, deploymentDefaults } from '#schema/deployment/settings.ts'
import type { ObjectStatus } from '#schema/deployment/status.ts'
import { type Docker, startDocker } from '#test/support/engines/docker.ts'
import { until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { importTinyImage } from '#test/support/tiny-image.ts'

const RUN = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'
const IMAGES = {
  'tiny:good': { command: RUN, health: 'true' },
  'tiny:better': { command: `echo better; ${RUN}`, health: 'true' },
  'tiny:sick': { command: `echo "I feel sick"; ${RUN}`, health: 'false' },
  'tiny:dying': { command: 'echo "out of cheese"; exit 3' },
} as const
const PK = '11111111-2222-4333-8444-000000000002'
const NAME = 'ak-outpost-x'
const signal = new AbortController().signal

let docker: Docker | undefined
let impossible: string | undefined
before(async () => {
  const engine = await startDocker()
  if ('impossible' in engine) impossible = engine.impossible
  else {
    docker = engine
    for (const [name, image] of Object.entries(IMAGES)) await importTinyImage(engine, name, image)
  }
})
after(() => docker?.[Symbol.asyncDispose]())

function targetOf({ url }: Docker): DockerTarget {
  const api = new EngineApi(dockerAgent({ url, local: false }, {}))
  return new DockerTarget({ api, clock: { now: () => Date.now() }, random: Math.random })
}

const deployment = (image: string, settings: Partial<DeploymentSettings> = {}): Deployment => ({
  outpost: {
    pk: PK,
    name: 'x',
    type: 'radius',
    // This engine has no bridge: containers share the network of the machine, or have none.
    settings: { ...deploymentDefaults, docker_network: 'none', ...settings },
    providers: [],
  },
  image,
  context: { version: '1', imageTemplate: 'tiny:good' },
  secrets: { token: 'the-secret-token' },
  inventory: [],
  before: [],
})

suite('outposts on a Docker Engine', () => {
  let target: DockerTarget
  const engine = () => docker!
  beforeEach(async (t) => {
    if (impossible !== undefined) return
    await target?.remove(PK, [], signal)
    target = targetOf(engine())
    void t
  })
  after(() => target?.[Symbol.asyncDispose]())

  const apply = async (wanted: Deployment): Promise<ObjectStatus> => (await target.apply(wanted, signal)).objects[0]!
  /** Applies until the condition is there. */
  async function reach(wanted: Deployment, condition: ObjectStatus['condition']): Promise<ObjectStatus> {
    let status: ObjectStatus | undefined
    await until(condition, async () => {
      status = await apply(wanted)
      return status.condition === condition
    }).catch((cause) => assert.fail(`${condition}: ${JSON.stringify(status)} ${cause}`))
    return status!
  }
  const inspect = async (name: string, format: string) => engine().docker('inspect', '--format', format, name)
  const names = async () =>
    (await engine().docker('ps', '--all', '--format', '{{.Names}}')).split('\n').filter(Boolean).sort()

  const rows: Readonly<Record<string, () => Promise<void>>> = {
    async 'a container is made, becomes ready, and is left alone'() {
      assert.equal((await apply(deployment('tiny:good'))).condition, 'progressing')
      await reach(deployment('tiny:good'), 'ready')
      const id = await inspect(NAME, '{{.Id}}')
      assert.equal((await apply(deployment('tiny:good'))).condition, 'ready')
      assert.equal(await inspect(NAME, '{{.Id}}'), id)
      assert.equal(
        await inspect(NAME, '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.ReadonlyRootfs}}'),
        'unless-stopped true',
      )
      assert.deepEqual(await target.plan(deployment('tiny:good'), signal), [
        { action: 'nothing', component: 'container', kind: 'Container', name: NAME, detail: [] },
      ])
    },
    async 'CT-16: another image replaces it, and the old container goes once the new one is healthy'() {
      await reach(deployment('tiny:good'), 'ready')
      const [step] = await target.plan(deployment('tiny:better'), signal)
      assert.equal(step?.action, 'replace')
      assert.equal((await apply(deployment('tiny:better'))).condition, 'progressing')
      assert.deepEqual(await names(), [NAME, `${NAME}-previous`])
      await reach(deployment('tiny:better'), 'ready')
      assert.deepEqual(await names(), [NAME])
      assert.equal(await inspect(NAME, '{{.Config.Image}}'), 'tiny:better')
    },
    async 'CT-16: one that does not become healthy gives way to the old one, and is not tried again'() {
      await reach(deployment('tiny:good'), 'ready')
      const id = await inspect(NAME, '{{.Id}}')
      const status = await reach(deployment('tiny:sick'), 'rejected')
      assert.equal(status.reason, 'RolledBack')
      assert.match(status.message, /I feel sick/)
      assert.equal(await inspect(NAME, '{{.Id}} {{.State.Status}}'), `${id} running`)
      assert.equal((await apply(deployment('tiny:sick'))).reason, 'RolledBack')
      assert.deepEqual(await names(), [NAME])
      await reach(deployment('tiny:good'), 'ready')
      assert.equal(await inspect(NAME, '{{.Id}}'), id)
    },
    async 'CT-22: one that dies says its last words'() {
      const status = await reach(deployment('tiny:dying'), 'failed')
      assert.equal(status.reason, 'Unhealthy')
      assert.match(status.message, /out of cheese/)
    },
    async 'CT-21: an image that is not to be had is the status, and what runs goes on'() {
      await reach(deployment('tiny:good'), 'ready')
      const id = await inspect(NAME, '{{.Id}}')
      const status = await apply(deployment('127.0.0.1:1/none/such:1'))
      assert.equal(status.condition, 'failed')
      assert.equal(status.reason, 'ImagePullFailed')
      assert.equal(await inspect(NAME, '{{.Id}} {{.State.Status}}'), `${id} running`)
      assert.deepEqual(await names(), [NAME])
    },
    async 'CT-21: removing what is not there makes nothing'() {
      assert.deepEqual(await target.remove(PK, [], signal), [])
      assert.deepEqual(await names(), [])
    },
    async 'a network that does not exist is the status, before anything is stopped'() {
      await reach(deployment('tiny:good'), 'ready')
      const status = await apply(deployment('tiny:good', { docker_networks: ['nowhere'] }))
      assert.equal(status.reason, 'NetworkMissing')
      assert.match(status.message, /nowhere/)
      assert.equal(await inspect(NAME, '{{.State.Status}}'), 'running')
    },
    async "somebody else's container with this name is not touched"() {
      const id = await engine().docker('run', '--detach', '--network', 'none', '--name', NAME, 'tiny:good')
      try {
        const status = await apply(deployment('tiny:good'))
        assert.equal(status.condition, 'rejected')
        assert.equal(status.reason, 'NameTaken')
        await target.remove(PK, [], signal)
        assert.equal(await inspect(NAME, '{{.Id}}'), id)
      } finally {
        await engine().docker('rm', '--force', id)
      }
    },
    async 'one that the reference made is adopted'() {
      const owner = ['--label', `io.goauthentik.outpost-uuid=${PK.replaceAll('-', '')}`]
      await engine().docker('run', '--detach', '--network', 'none', '--name', NAME, ...owner, 'tiny:good')
      await reach(deployment('tiny:good'), 'ready')
      assert.deepEqual(await names(), [NAME])
      assert.match(await inspect(NAME, '{{index .Config.Labels "io.martello.spec-hash"}}'), /^[0-9a-f]{64}$/)
    },
    async 'another name moves it'() {
      await reach(deployment('tiny:good'), 'ready')
      await reach(deployment('tiny:good', { object_naming_template: 'moved-%(name)s' }), 'ready')
      assert.deepEqual(await names(), ['moved-x'])
    },
    async 'a container that was stopped by hand runs again'() {
      await reach(deployment('tiny:good'), 'ready')
      await engine().docker('stop', '--time', '1', NAME)
      await reach(deployment('tiny:good'), 'ready')
    },
    async 'what happens to a container is heard'() {
      const heard = Promise.withResolvers<string>()
      using _ = target.watch(heard.resolve)
      await reach(deployment('tiny:good'), 'ready')
      await engine().docker('kill', NAME)
      assert.equal(await heard.promise, PK)
    },
    async 'CT-12: no status shows the token'() {
      for (const image of ['tiny:good', 'tiny:dying', '127.0.0.1:1/none/such:1']) {
        const { objects } = await target.apply(deployment(image), signal)
        assert.doesNotMatch(JSON.stringify(objects), /the-secret-token/)
      }
    },
  }
  for (const [name, row] of Object.entries(rows))
    test(name, async (t) => {
      if (!(await hasTool(t, 'dockerd', 'docker.io')) || !(await hasTool(t, 'busybox', 'busybox-static'))) return
      if (impossible !== undefined) return t.skip(`no Docker Engine can be started here: ${impossible.slice(-300)}`)
      await row()
    })
})

test('a daemon that is not there is a reason, not a crash', async () => {
  const nobody = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => nobody.once('listening', resolve))
  const { port } = nobody.address() as { port: number }
  nobody.close()
  const api = new EngineApi(dockerAgent({ url: `http://127.0.0.1:${port}`, local: false }, {}))
  await using target = new DockerTarget({ api, clock: { now: () => Date.now() }, random: Math.random })
  const state = await target.probe()
  assert.equal(state.healthy, false)
  assert.match(state.reason, /ECONNREFUSED/)
})
