import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type DockerFleet, hasDocker, startDockerFleet } from '#test/support/docker-fleet.ts'
import { databaseFolder } from '#test/support/engines/process.ts'
import { importTinyImage } from '#test/support/tiny-image.ts'

const command = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'
const IMAGES = {
  'tiny:one': { command, health: 'true' },
  'tiny:two': { command: `echo two; ${command}`, health: 'true' },
  'tiny:pinned': { command: `echo pinned; ${command}`, health: 'true' },
  'tiny:dying': { command: 'echo "out of cheese"; exit 3' },
} as const
const OUTPOSTS = ['a', 'b', 'pinned'] as const
/** Longer than a canary has to be healthy. */
const GATE_MS = 60_000

const data = databaseFolder('docker-waves')
const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs }
let fleet: DockerFleet
let impossible: string | undefined
let first: Readonly<Record<string, string>>
before(async () => {
  const started = await startDockerFleet({ dataDir: data.path, imageBase: 'tiny:one' })
  if ('impossible' in started) {
    impossible = started.impossible
    return
  }
  fleet = started
  for (const [name, image] of Object.entries(IMAGES)) await importTinyImage(fleet.docker, name, image)
  for (const name of OUTPOSTS) {
    const own = name === 'pinned' ? { container_image: 'tiny:pinned' } : {}
    await fleet.newOutpost(name, 'radius', { docker_map_ports: false, ...own })
  }
  await using _ = fleet.startController(clock)
  for (const name of OUTPOSTS) await fleet.isReady(name)
  first = await running()
})
after(async () => {
  await fleet?.[Symbol.asyncDispose]()
  data[Symbol.dispose]()
})

/** What runs for each outpost. */
async function running(): Promise<Readonly<Record<string, string>>> {
  const shown = '{{.Config.Image}} {{.State.Status}} {{.Id}}'
  const entries = OUTPOSTS.map(async (name) => [name, await fleet.inspect(`ak-outpost-${name}`, shown)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** Every test goes on where the one before it ended. */
suite('CT-17: a core with another image', () => {
  test('an image that cannot run is tried by the canary alone, which returns and says why', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const from = fleet.socket.requests.length
    await fleet.restartCore({ imageBase: 'tiny:dying' })
    {
      await using _ = fleet.startController(clock)
      await fleet.reaches(
        'a',
        'has returned',
        ({ rejected_image }, { condition }) => rejected_image === 'tiny:dying' && condition === 'ready',
      )
    }
    const record = await fleet.recordOf('a')
    assert.equal(record?.image, 'tiny:one')
    assert.match(record.rejected_why, /out of cheese/)
    assert.deepEqual(await running(), first)
    assert.deepEqual(
      await fleet.containers(),
      OUTPOSTS.map((name) => `ak-outpost-${name}`),
    )
    const made = fleet.socket.requests.slice(from).filter((request) => request.includes('/containers/create'))
    assert.deepEqual(made, ['POST /containers/create?name=ak-outpost-a-next'])
    assert.deepEqual(await fleet.pass(), [], 'a controller that knows nothing of it does not try again')
  })

  test('a good one is tried by the canary, and taken by the others once it has proved itself', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await fleet.restartCore({ imageBase: 'tiny:two' })
    await using _ = fleet.startController(clock)
    await fleet.reaches('a', 'runs it', ({ image }, { condition }) => image === 'tiny:two' && condition === 'ready')
    assert.equal((await running())['b'], first['b'], 'not yet')
    clock.aheadMs += GATE_MS
    await fleet.reaches('b', 'runs it', ({ image }, { condition }) => image === 'tiny:two' && condition === 'ready')
    assert.equal((await running())['pinned'], first['pinned'])
    await fleet.reaches('a', 'needs nothing to return to', ({ previous_image }) => previous_image === '')
  })
})
