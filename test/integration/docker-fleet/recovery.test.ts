import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type DockerFleet, hasDocker, startDockerFleet } from '#test/support/docker-fleet.ts'
import { databaseFolder, until } from '#test/support/engines/process.ts'
import { importTinyImage } from '#test/support/tiny-image.ts'

const RUN = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'
const OUTPOST = 'x'
const NAME = 'ak-outpost-x'

const data = databaseFolder('docker-recovery')
let fleet: DockerFleet
let impossible: string | undefined
let pk: string
let version = 0
before(async () => {
  const started = await startDockerFleet({ dataDir: data.path })
  if ('impossible' in started) {
    impossible = started.impossible
    return
  }
  fleet = started
  for (const image of ['tiny:0', 'tiny:1'])
    await importTinyImage(fleet.docker, image, { command: `echo ${image}; ${RUN}`, health: 'true' })
  pk = await fleet.newOutpost(OUTPOST, 'radius', settings())
  await using _ = fleet.startController()
  await fleet.isReady(OUTPOST)
})
after(async () => {
  await fleet?.[Symbol.asyncDispose]()
  data[Symbol.dispose]()
})

const settings = () => ({
  container_image: `tiny:${version % 2}`,
  docker_labels: { version: String(version) },
  docker_map_ports: false,
})

/** Something else is wanted from now on. */
async function want(): Promise<void> {
  version++
  const { api } = fleet.core()
  const { body } = await api('GET', `/outposts/instances/${pk}/`)
  const { status } = await api('PATCH', `/outposts/instances/${pk}/`, { config: { ...body.config, ...settings() } })
  assert.equal(status, 200)
}

/** Only what is wanted is there, at work and recorded, and stays as it is. */
async function converges(): Promise<void> {
  const shown = '{{index .Config.Labels "version"}} {{.State.Status}} {{.State.Health.Status}}'
  const wanted = `${version} running healthy`
  let seen = ''
  await until(
    'what is wanted runs alone',
    async () => {
      seen = `${await fleet.containers()}: ${await fleet.inspect(NAME, shown)}`
      return seen === `${NAME}: ${wanted}`
    },
    { withinMs: 90_000 },
  ).catch((error) => assert.fail(`${error.message}: ${seen}`))
  await fleet.reaches(
    OUTPOST,
    'is recorded as ready',
    ({ error, image }, { condition }) => condition === 'ready' && error === '' && image === settings().container_image,
  )
}

/** The calls of a replacement, in their order. */
const MOMENTS: Readonly<Record<string, RegExp>> = {
  'the new container is made': /^POST \/containers\/create/,
  'the old one is stopped': /^POST \/containers\/\w+\/stop/,
  'the old one makes room': /^POST \/containers\/\w+\/rename\?name=.*-previous$/,
  'the new one takes its place': /^POST \/containers\/\w+\/rename\?name=ak-outpost-x$/,
  'the new one is started': /^POST \/containers\/\w+\/start/,
  'the old one is removed': /^DELETE \/containers\//,
}

/** Every test goes on where the one before it ended. */
suite('CT-16: a replacement that is interrupted', () => {
  for (const [moment, request] of Object.entries(MOMENTS)) {
    test(`the controller ends before ${moment}: the next one goes on`, async (t) => {
      if (!(await hasDocker(t, impossible))) return
      const held = fleet.socket.hold(request)
      {
        await using _ = fleet.startController()
        await want()
        await held
      }
      assert.equal(await fleet.inspect(NAME, '{{.State.Status}}'), 'running', 'while no controller works')
      assert.equal((await fleet.recordOf(OUTPOST))?.error, '', 'that it has ended is no error of the outpost')
      await using _ = fleet.startController()
      await converges()
    })

    test(`the engine dies before ${moment}, and comes back`, async (t) => {
      if (!(await hasDocker(t, impossible))) return
      const held = fleet.socket.hold(request)
      await using _ = fleet.startController()
      await want()
      const { letGo } = await held
      await fleet.docker.kill()
      letGo()
      await fleet.reaches(OUTPOST, 'says that Docker is away', ({ error }) => /Docker/.test(error))
      await fleet.docker.revive()
      await converges()
    })
  }

  test('CT-10: nothing is left to do', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    assert.deepEqual(await fleet.pass(), [])
  })
})
