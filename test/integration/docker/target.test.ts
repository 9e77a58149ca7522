import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, beforeEach, suite, test } from 'node:test'
import { dockerAgent } from '#controllers/docker/connect.ts'
import { DockerTarget } from '#controllers/docker/docker-target.ts'
import { EngineApi } from '#controllers/docker/engine-api.ts'
import type { Deployment } from '#controllers/target/target.ts'
import type { ObjectStatus } from '#schema/deployment/status.ts'
import {
  type DockerBench,
  benchDeployment as deployment,
  BENCH_NAME as NAME,
  BENCH_PK as PK,
  startDockerBench,
  BENCH_TOKEN as TOKEN,
} from '#test/support/docker-bench.ts'
import { hasDocker } from '#test/support/docker-fleet.ts'

const RUN = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'
const IMAGES = {
  'tiny:good': { command: RUN, health: 'true' },
  'tiny:better': { command: `echo better; ${RUN}`, health: 'true' },
  'tiny:sick': { command: `echo "I feel sick"; ${RUN}`, health: 'false' },
  'tiny:dying': { command: 'echo "out of cheese"; exit 3' },
} as const
const signal = new AbortController().signal

let bench: DockerBench
let impossible: string | undefined
before(async () => {
  const started = await startDockerBench(IMAGES)
  if ('impossible' in started) impossible = started.impossible
  else bench = started
})
after(() => bench?.[Symbol.asyncDispose]())

suite('outposts on a Docker Engine', () => {
  beforeEach(() => bench?.startOver())

  const apply = (wanted: Deployment) => bench.apply(wanted)
  const reach = (wanted: Deployment, condition: ObjectStatus['condition']) => bench.reach(wanted, condition)
  const inspect = (name: string, format: string) => bench.inspect(name, format)
  const names = () => bench.names()

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
      const [{ wanted: _, ...step } = {}, ...more] = await bench.target.plan(deployment('tiny:good'), signal)
      assert.deepEqual(step, { action: 'nothing', component: 'container', kind: 'Container', name: NAME, detail: [] })
      assert.deepEqual(more, [])
    },
    async 'CT-16: another image replaces it, and the old container goes once the new one is healthy'() {
      await reach(deployment('tiny:good'), 'ready')
      const [step] = await bench.target.plan(deployment('tiny:better'), signal)
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
      const { reason, message } = await apply(deployment('tiny:sick'))
      assert.deepEqual([reason, message], [status.reason, status.message], 'why is not forgotten')
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
      assert.deepEqual(await bench.target.remove(PK, [], signal), [])
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
      const id = await bench.engine.docker('run', '--detach', '--network', 'none', '--name', NAME, 'tiny:good')
      try {
        const status = await apply(deployment('tiny:good'))
        assert.equal(status.condition, 'rejected')
        assert.equal(status.reason, 'NameTaken')
        await bench.target.remove(PK, [], signal)
        assert.equal(await inspect(NAME, '{{.Id}}'), id)
      } finally {
        await bench.engine.docker('rm', '--force', id)
      }
    },
    async 'one that the reference made is adopted'() {
      const owner = ['--label', `io.goauthentik.outpost-uuid=${PK.replaceAll('-', '')}`]
      await bench.engine.docker('run', '--detach', '--network', 'none', '--name', NAME, ...owner, 'tiny:good')
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
      await bench.engine.docker('stop', '--time', '1', NAME)
      await reach(deployment('tiny:good'), 'ready')
    },
    async 'what happens to a container is heard'() {
      const heard = Promise.withResolvers<string>()
      using _ = bench.target.watch(heard.resolve)
      await reach(deployment('tiny:good'), 'ready')
      await bench.engine.docker('kill', NAME)
      assert.equal(await heard.promise, PK)
    },
    async 'a probe ends when it is told to, whatever the daemon does'() {
      await using target = bench.open(bench.socket)
      for (const known of ['no version is known', 'one is']) {
        const held = bench.socket.hold(/^GET \/version/)
        const stop = new AbortController()
        const probed = target.probe(stop.signal)
        const { letGo } = await held
        stop.abort()
        await assert.rejects(probed, { name: 'AbortError' }, known)
        letGo()
        assert.equal((await target.probe(signal)).healthy, true)
      }
    },
    async 'CT-12: no status shows the token'() {
      for (const image of ['tiny:good', 'tiny:dying', '127.0.0.1:1/none/such:1']) {
        const { objects } = await bench.target.apply(deployment(image), signal)
        assert.doesNotMatch(JSON.stringify(objects), new RegExp(TOKEN))
      }
    },
  }
  for (const [name, row] of Object.entries(rows))
    test(name, async (t) => {
      if (await hasDocker(t, impossible)) await row()
    })
})

test('a daemon that is not there is a reason, not a crash', async () => {
  const nobody = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => nobody.once('listening', resolve))
  const { port } = nobody.address() as { port: number }
  nobody.close()
  const api = new EngineApi(dockerAgent({ url: `http://127.0.0.1:${port}`, local: false }, {}))
  await using target = new DockerTarget({ api, clock: { now: () => Date.now() }, random: Math.random })
  const state = await target.probe(signal)
  assert.equal(state.healthy, false)
  assert.match(state.reason, /ECONNREFUSED/)
})
