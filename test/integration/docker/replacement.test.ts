import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after, before, beforeEach, suite, test } from 'node:test'
import type { DeploymentSettings } from '#schema/deployment/settings.ts'
import {
  type DockerBench,
  benchDeployment as deployment,
  BENCH_NAME as NAME,
  startDockerBench,
} from '#test/support/docker-bench.ts'
import { hasDocker } from '#test/support/docker-fleet.ts'
import { importTinyImage } from '#test/support/tiny-image.ts'

const command = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'
const IMAGES = { 'tiny:good': { command, health: 'true' }, 'tiny:unchecked': { command } }
/** Longer than something that could not be started is left alone. */
const LATER_MS = 600_000

const { signal } = new AbortController()
const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs }
let bench: DockerBench
let impossible: string | undefined
before(async () => {
  const started = await startDockerBench(IMAGES, clock)
  if ('impossible' in started) {
    impossible = started.impossible
    return
  }
  bench = started
  for (const network of ['front', 'back']) await bench.engine.docker('network', 'create', network)
})
after(() => bench?.[Symbol.asyncDispose]())
beforeEach(async () => {
  clock.aheadMs = 0
  await bench?.startOver()
})

const good = (settings: Partial<DeploymentSettings>) => deployment('tiny:good', settings)

/** A port of this machine that is taken until it is freed, at the latest at the end of the block. */
async function takePort() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  let closed: Promise<unknown> | undefined
  const free = async () => {
    closed ??= once(socket.close(), 'close')
    await closed
  }
  return { port, free, [Symbol.asyncDispose]: free }
}

suite('CT-16: a port that is taken', () => {
  test('the container from before goes on, the status says why, and it is tried again only later', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await bench.reach(good({ docker_network: 'front', docker_map_ports: false }), 'ready')
    const id = await bench.inspect(NAME, '{{.Id}}')
    await using taken = await takePort()
    const wanted = good({ docker_network: 'front', docker_port_bindings: { '1812/udp': `127.0.0.1:${taken.port}` } })
    const from = bench.made()
    for (const _ of ['the attempt', 'not again', 'and not again']) {
      const { condition, reason, message } = await bench.apply(wanted)
      assert.deepEqual([condition, reason], ['failed', 'StartFailed'])
      assert.match(message, new RegExp(`127\\.0\\.0\\.1:${taken.port}.* in use`))
      assert.equal(await bench.inspect(NAME, '{{.Id}} {{.State.Status}}'), `${id} running`)
      assert.deepEqual(await bench.names(), [NAME])
    }
    assert.equal(bench.made() - from, 1)

    await taken.free()
    assert.equal((await bench.apply(wanted)).condition, 'failed')
    assert.equal(bench.made() - from, 1, 'nobody knows that the port is free')
    clock.aheadMs = LATER_MS
    assert.equal((await bench.apply(wanted)).condition, 'progressing')
    // The engine's own clock has not gone on.
    clock.aheadMs = 0
    await bench.reach(wanted, 'ready')
    assert.equal(bench.made() - from, 2)
    assert.deepEqual(await bench.names(), [NAME])
    assert.match(await bench.inspect(NAME, '{{json .NetworkSettings.Ports}}'), new RegExp(String(taken.port)))
  })

  test('something else that is wanted meanwhile is done at once', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await bench.reach(good({ docker_network: 'front', docker_map_ports: false }), 'ready')
    await using taken = await takePort()
    const wanted = { docker_network: 'front', docker_port_bindings: { '1812/udp': `127.0.0.1:${taken.port}` } }
    assert.equal((await bench.apply(good(wanted))).reason, 'StartFailed')
    await bench.reach(good({ docker_network: 'front', docker_map_ports: false, docker_labels: { a: 'b' } }), 'ready')
    assert.equal(await bench.inspect(NAME, '{{.Config.Labels.a}}'), 'b')
  })

  test('the first container of an outpost: nothing is left of an attempt', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await using taken = await takePort()
    const wanted = good({ docker_network: 'front', docker_port_bindings: { '1812/udp': `127.0.0.1:${taken.port}` } })
    assert.equal((await bench.apply(wanted)).reason, 'StartFailed')
    assert.deepEqual(await bench.names(), [])
    await taken.free()
    await bench.reach(wanted, 'ready')
  })
})

suite('CT-16: an image whose tag moves', () => {
  const wanted = deployment('tiny:moving')
  const importAs = (words: string, health: 'true' | 'false') =>
    importTinyImage(bench.engine, 'tiny:moving', { command: `echo ${words}; ${command}`, health })
  const imageOf = async (name: string) => bench.inspect(name, '{{.Image}}')

  test('the container is replaced once, then left alone', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await importAs('first', 'true')
    await bench.reach(wanted, 'ready')
    const before = await imageOf(NAME)
    await importAs('second', 'true')
    const from = bench.made()
    const [step] = await bench.target.plan(wanted, signal)
    assert.deepEqual([step?.action, step?.detail], ['replace', ['/Image']])
    await bench.reach(wanted, 'ready')
    assert.notEqual(await imageOf(NAME), before)
    const changes = bench.socket.requests.length
    for (const _ of ['once', 'and again']) assert.equal((await bench.apply(wanted)).condition, 'ready')
    assert.equal(bench.made() - from, 1)
    assert.deepEqual(
      bench.socket.requests.slice(changes).filter((request) => !request.startsWith('GET ')),
      [],
    )
  })

  test('to one that does not become healthy, and on to one that does', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await importAs('first', 'true')
    await bench.reach(wanted, 'ready')
    const id = await bench.inspect(NAME, '{{.Id}}')
    await importAs('sick', 'false')
    await bench.reach(wanted, 'rejected')
    assert.equal((await bench.apply(wanted)).condition, 'rejected')
    assert.equal(await bench.inspect(NAME, '{{.Id}} {{.State.Status}}'), `${id} running`)
    await importAs('mended', 'true')
    await bench.reach(wanted, 'ready')
    assert.notEqual(await bench.inspect(NAME, '{{.Id}}'), id)
  })
})

suite('health checks', () => {
  test("the image's own decides, and that there is none is said", async (t) => {
    if (!(await hasDocker(t, impossible))) return
    assert.equal((await bench.reach(deployment('tiny:good'), 'ready')).message, '')
    assert.match(await bench.inspect(NAME, '{{json .Config.Healthcheck.Test}}'), /"true"/)
    assert.equal((await bench.apply(deployment('tiny:unchecked'))).condition, 'progressing')
    assert.equal((await bench.apply(deployment('tiny:unchecked'))).condition, 'progressing', 'not at once')
    // Longer than a container has to stay up; the engine's own clock has not gone on.
    clock.aheadMs = 60_000
    assert.match((await bench.reach(deployment('tiny:unchecked'), 'ready')).message, /no health check/)
  })
})

suite('Docker networks', () => {
  const networksOf = async (name: string) =>
    Object.keys(JSON.parse(await bench.inspect(name, '{{json .NetworkSettings.Networks}}'))).sort()

  test('a container is on every network that is asked for, and on no other', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const wanted = good({ docker_network: 'front', docker_networks: ['back'], docker_map_ports: false })
    await bench.reach(wanted, 'ready')
    assert.deepEqual(await networksOf(NAME), ['back', 'front'])
    const [step] = await bench.target.plan(wanted, signal)
    assert.equal(step?.action, 'nothing')
    await bench.reach(good({ docker_network: 'back', docker_map_ports: false }), 'ready')
    assert.deepEqual(await networksOf(NAME), ['back'])
  })

  const missing: ReadonlyArray<[which: string, settings: Partial<DeploymentSettings>]> = [
    ['first', { docker_network: 'nowhere' }],
    ['second', { docker_network: 'front', docker_networks: ['nowhere'] }],
  ]
  for (const [which, settings] of missing)
    test(`one that does not exist is named, and nothing is made: the ${which}`, async (t) => {
      if (!(await hasDocker(t, impossible))) return
      const { condition, reason, message } = await bench.apply(good(settings))
      assert.deepEqual([condition, reason, message], ['failed', 'NetworkMissing', 'there is no network "nowhere"'])
      assert.deepEqual(await bench.names(), [])
    })
})
