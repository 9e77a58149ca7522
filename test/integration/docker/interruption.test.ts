import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import {
  type DockerBench,
  benchDeployment as deployment,
  BENCH_NAME as NAME,
  startDockerBench,
} from '#test/support/docker-bench.ts'
import { hasDocker } from '#test/support/docker-fleet.ts'
import { type Held, watchSocket } from '#test/support/engines/docker-socket.ts'
import { until } from '#test/support/engines/process.ts'

const LOOP = 'while true; do sleep 1 & wait; done'
const RUN = `trap "exit 0" TERM; ${LOOP}`
const IMAGES = {
  'tiny:good': { command: RUN, health: 'true' },
  'tiny:better': { command: `echo better; ${RUN}`, health: 'true' },
  'tiny:sick': { command: RUN, health: 'false' },
  'tiny:stubborn': { command: `trap "" TERM; ${LOOP}`, health: 'true' },
} as const

let bench: DockerBench
let impossible: string | undefined
before(async () => {
  const started = await startDockerBench(IMAGES)
  if ('impossible' in started) impossible = started.impossible
  else bench = started
})
after(() => bench?.[Symbol.asyncDispose]())
beforeEach(() => bench?.startOver())

type Interrupt = (held: Held, stop: AbortController) => void
const INTERRUPTIONS: Readonly<Record<string, Interrupt>> = {
  'the controller is told to end': (_, stop) => stop.abort(),
  'the connection is lost': ({ loseAnswer }) => loseAnswer(),
}
/** A return goes on, whoever tells the controller to end. */
const OF_A_RETURN: Readonly<Record<string, Interrupt>> = {
  ...INTERRUPTIONS,
  'the controller is told to end': ({ letGo }, stop) => {
    stop.abort()
    letGo()
  },
}

/** The calls of a replacement. */
const REPLACING: Readonly<Record<string, RegExp>> = {
  'the new container is made': /^POST \/containers\/create/,
  'the old one makes room': /^POST \/containers\/\w+\/rename\?name=.*-previous$/,
  'the new one takes its place': /^POST \/containers\/\w+\/rename\?name=ak-outpost-x$/,
  'the old one is stopped': /^POST \/containers\/\w+\/stop/,
  'the new one is started': /^POST \/containers\/\w+\/start/,
}
/** The calls of a return to the container from before. */
const RETURNING: Readonly<Record<string, RegExp>> = {
  'the sick one is stopped': /^POST \/containers\/\w+\/stop/,
  'the sick one is removed': /^DELETE \/containers\//,
  'the old one is started': /^POST \/containers\/\w+\/start/,
  'the old one takes its place again': /^POST \/containers\/\w+\/rename\?name=ak-outpost-x$/,
}

/** What is wanted is applied once, and is interrupted at that request. */
async function interrupted(image: string, request: RegExp, interrupt: Interrupt): Promise<void> {
  const held = bench.socket.hold(request)
  const stop = new AbortController()
  const applied = bench.target.apply(deployment(image), stop.signal).catch(() => {})
  interrupt(await held, stop)
  await applied
}

suite('CT-16: after an interruption a container serves, although no controller works any more', () => {
  for (const [what, interrupt] of Object.entries(INTERRUPTIONS))
    for (const [moment, request] of Object.entries(REPLACING))
      test(`a replacement, as ${moment}: ${what}`, async (t) => {
        if (!(await hasDocker(t, impossible))) return
        await bench.reach(deployment('tiny:good'), 'ready')
        await interrupted('tiny:better', request, interrupt)
        assert.deepEqual(await bench.running(), [NAME])
        await bench.reach(deployment('tiny:better'), 'ready')
        assert.deepEqual(await bench.names(), [NAME])
      })

  for (const [what, interrupt] of Object.entries(OF_A_RETURN))
    for (const [moment, request] of Object.entries(RETURNING))
      test(`a return, as ${moment}: ${what}`, async (t) => {
        if (!(await hasDocker(t, impossible))) return
        await bench.reach(deployment('tiny:good'), 'ready')
        const id = await bench.inspect(NAME, '{{.Id}}')
        await bench.apply(deployment('tiny:sick'))
        await until(
          'it is found sick',
          async () => (await bench.inspect(NAME, '{{.State.Health.Status}}')) === 'unhealthy',
        )
        await interrupted('tiny:sick', request, interrupt)
        assert.deepEqual(await bench.running(), [NAME])
        assert.equal(await bench.inspect(NAME, '{{.Id}}'), id)
      })

  test('the one that is known to work runs again, not one that has yet to become healthy', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await bench.reach(deployment('tiny:good'), 'ready')
    const id = await bench.inspect(NAME, '{{.Id}}')
    await bench.apply(deployment('tiny:sick'))
    await interrupted('tiny:better', REPLACING['the new one is started']!, (_, stop) => stop.abort())
    assert.deepEqual(await bench.running(), [NAME])
    assert.equal(await bench.inspect(NAME, '{{.Id}}'), id)
    await bench.reach(deployment('tiny:better'), 'ready')
    assert.deepEqual(await bench.names(), [NAME])
  })

  test('an old one that takes its time to end does not end for good', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await bench.reach(deployment('tiny:stubborn'), 'ready')
    const id = await bench.inspect(NAME, '{{.Id}}')
    await interrupted('tiny:better', REPLACING['the old one is stopped']!, ({ loseAnswer }) => loseAnswer())
    assert.deepEqual(await bench.running(), [NAME])
    assert.equal(await bench.inspect(NAME, '{{.Id}}'), id)
    await bench.reach(deployment('tiny:better'), 'ready')
  })
})

suite('CT-16: a controller that is gone in the middle of a replacement', () => {
  for (const [moment, request] of Object.entries(REPLACING))
    test(`as ${moment}: another one goes on`, async (t) => {
      if (!(await hasDocker(t, impossible))) return
      await bench.reach(deployment('tiny:good'), 'ready')
      {
        await using socket = await watchSocket(bench.engine.url)
        const held = socket.hold(request)
        const gone = bench.open(socket)
        gone.apply(deployment('tiny:better'), AbortSignal.timeout(60_000)).catch(() => {})
        await held
      }
      // Nothing is served only between two calls: the old one ends, the new one starts.
      assert.equal((await bench.running()).length, moment === 'the new one is started' ? 0 : 1)
      await bench.reach(deployment('tiny:better'), 'ready')
      assert.deepEqual(await bench.names(), [NAME])
      assert.equal(await bench.inspect(NAME, '{{.Config.Image}}'), 'tiny:better')
    })
})

suite("CT-16: somebody else's container has a name that a replacement needs", () => {
  for (const suffix of ['-previous', '-next'])
    test(`${suffix}: the status says so, and what runs goes on`, async (t) => {
      if (!(await hasDocker(t, impossible))) return
      await bench.reach(deployment('tiny:good'), 'ready')
      const started = await bench.inspect(NAME, '{{.State.StartedAt}}')
      const other = await bench.engine.docker('create', '--network', 'none', '--name', NAME + suffix, 'tiny:good')
      try {
        const { condition, reason, message } = await bench.apply(deployment('tiny:better'))
        assert.deepEqual([condition, reason], ['failed', 'NameTaken'])
        assert.match(message, new RegExp(`"${NAME}${suffix}"`))
        assert.equal(await bench.inspect(NAME, '{{.State.Status}} {{.State.StartedAt}}'), `running ${started}`)
        assert.equal(await bench.inspect(NAME + suffix, '{{.Id}}'), other)
      } finally {
        await bench.engine.docker('rm', '--force', other)
      }
      await bench.reach(deployment('tiny:better'), 'ready')
    })
})
