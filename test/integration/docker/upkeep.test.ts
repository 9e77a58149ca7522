import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import {
  type DockerBench,
  benchDeployment as deployment,
  BENCH_NAME as NAME,
  startDockerBench,
} from '#test/support/docker-bench.ts'
import { hasDocker } from '#test/support/docker-fleet.ts'
import { until } from '#test/support/engines/process.ts'

const RUN = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'
const IMAGES = {
  'tiny:good': { command: RUN, health: 'true' },
  'tiny:sick': { command: `echo "I feel sick"; ${RUN}`, health: 'false' },
} as const
/** Longer than one that has crashed, or is sick, is left alone. */
const LATER_MS = 300_000

const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs }
let bench: DockerBench
let impossible: string | undefined
before(async () => {
  const started = await startDockerBench(IMAGES, clock)
  if ('impossible' in started) impossible = started.impossible
  else bench = started
})
after(() => bench?.[Symbol.asyncDispose]())
beforeEach(async () => {
  clock.aheadMs = 0
  await bench?.startOver()
})

/** What somebody does to the container, with the state that it is in then. */
const DEEDS: Readonly<Record<string, readonly [state: string, ...commands: readonly string[][]]>> = {
  killed: ['exited', ['kill', NAME]],
  stopped: ['exited', ['stop', '--time', '1', NAME]],
  paused: ['paused', ['pause', NAME]],
}

suite('CT-08: the container of an outpost that somebody has', () => {
  for (const [deed, [state, ...commands]] of Object.entries(DEEDS)) {
    test(`${deed} runs again`, async (t) => {
      if (!(await hasDocker(t, impossible))) return
      await bench.reach(deployment('tiny:good'), 'ready')
      const id = await bench.inspect(NAME, '{{.Id}}')
      for (const command of commands) await bench.engine.docker(...command)
      assert.equal(await bench.inspect(NAME, '{{.State.Status}}'), state)
      // One that ends as soon as it ran is left alone for a while.
      clock.aheadMs = LATER_MS
      await bench.apply(deployment('tiny:good'))
      clock.aheadMs = 0
      await bench.reach(deployment('tiny:good'), 'ready')
      assert.equal(await bench.inspect(NAME, '{{.Id}} {{.State.Status}}'), `${id} running`)
    })

    test(`${deed} runs again, when it is the one that was returned to`, async (t) => {
      if (!(await hasDocker(t, impossible))) return
      await bench.reach(deployment('tiny:good'), 'ready')
      const id = await bench.inspect(NAME, '{{.Id}}')
      await bench.reach(deployment('tiny:sick'), 'rejected')
      for (const command of commands) await bench.engine.docker(...command)
      clock.aheadMs = LATER_MS
      await bench.apply(deployment('tiny:sick'))
      clock.aheadMs = 0
      assert.equal(await bench.inspect(NAME, '{{.Id}} {{.State.Status}}'), `${id} running`)
      assert.equal((await bench.apply(deployment('tiny:sick'))).condition, 'rejected')
    })
  }

  test('told not to be started again, and crashes: it is not started at once, again and again', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await bench.apply(deployment('tiny:good'))
    await bench.engine.docker('update', '--restart', 'no', NAME)
    await bench.engine.docker('kill', NAME)
    const started = await bench.inspect(NAME, '{{.State.StartedAt}}')
    for (const _ of ['once', 'again']) assert.equal((await bench.apply(deployment('tiny:good'))).condition, 'failed')
    assert.equal(await bench.inspect(NAME, '{{.State.StartedAt}}'), started)
  })
})

test('CT-22: a container that is unhealthy for long, with nothing to return to, is restarted now and then', async (t) => {
  if (!(await hasDocker(t, impossible))) return
  const wanted = deployment('tiny:sick')
  const startedAt = () => bench.inspect(NAME, '{{.State.StartedAt}}')
  await bench.apply(wanted)
  const isSick = async () => (await bench.inspect(NAME, '{{.State.Health.Status}}')) === 'unhealthy'
  await until('it is found sick', isSick)
  const first = await startedAt()
  assert.equal((await bench.apply(wanted)).condition, 'failed')
  assert.equal(await startedAt(), first, 'not at once')
  clock.aheadMs = LATER_MS
  const { condition, reason, message } = await bench.apply(wanted)
  clock.aheadMs = 0
  assert.deepEqual([condition, reason], ['failed', 'Unhealthy'])
  assert.match(message, /I feel sick/)
  const second = await startedAt()
  assert.notEqual(second, first)
  await until('it is found sick again', isSick)
  await bench.apply(wanted)
  assert.equal(await startedAt(), second, 'nor again at once')
})
