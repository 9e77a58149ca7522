import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { ADMIN_TOKEN } from '#test/support/core.ts'
import { type DockerFleet, hasDocker, startDockerFleet } from '#test/support/docker-fleet.ts'
import { databaseFolder, until } from '#test/support/engines/process.ts'
import { hasTool, run } from '#test/support/engines/tools.ts'
import { importTinyImage } from '#test/support/tiny-image.ts'

const COMMAND = join(import.meta.dirname, '..', '..', '..', 'controllers', 'commands', 'martello.mjs')
const RUN = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'
/** So long that what is kept of the output begins within what was printed before. */
const LONG = 'x'.repeat(970)
const IMAGES = {
  'tiny:good': { command: RUN, health: 'true' },
  'tiny:telling': { command: 'env; exit 3' },
  'tiny:telling-half': { command: `echo "$AUTHENTIK_TOKEN"; echo ${LONG}; exit 3` },
} as const
/** A part of a secret of this length is taken for no accident. */
const PART = 8

const data = databaseFolder('docker-controller')
let fleet: DockerFleet
let impossible: string | undefined
before(async () => {
  const started = await startDockerFleet({ dataDir: data.path, imageBase: 'tiny:good' })
  if ('impossible' in started) {
    impossible = started.impossible
    return
  }
  fleet = started
  for (const [name, image] of Object.entries(IMAGES)) await importTinyImage(fleet.docker, name, image)
})
after(async () => {
  await fleet?.[Symbol.asyncDispose]()
  data[Symbol.dispose]()
})

/** The key of an outpost's service account. */
async function tokenOf(pk: string): Promise<string> {
  const { api } = fleet.core()
  const { body } = await api('GET', `/outposts/instances/${pk}/`)
  return (await api('GET', `/core/tokens/${body.token_identifier}/view_key/`)).body.key
}

async function wantImage(pk: string, image: string): Promise<void> {
  const { api } = fleet.core()
  const { body } = await api('GET', `/outposts/instances/${pk}/`)
  const config = { ...body.config, container_image: image }
  assert.equal((await api('PATCH', `/outposts/instances/${pk}/`, { config })).status, 200)
}

suite('CT-12: a container that prints its environment', () => {
  const rows: ReadonlyArray<[what: string, image: string, told: RegExp]> = [
    ['all of it', 'tiny:telling', /AUTHENTIK_TOKEN=\*\*\*(?:\s|$)/],
    ['so much that only its end is kept', 'tiny:telling-half', new RegExp(`^${LONG}`)],
  ]
  for (const [what, image, told] of rows)
    test(`${what}: nothing that is kept of it shows the token, or a part of it`, async (t) => {
      if (!(await hasDocker(t, impossible))) return
      const name = image.replace(':', '-')
      const settings = { docker_map_ports: false }
      const failing = await fleet.newOutpost(`${name}-failing`, 'radius', { ...settings, container_image: image })
      const returning = await fleet.newOutpost(`${name}-returning`, 'radius', settings)
      await using _ = fleet.startController()
      await fleet.reaches(`${name}-failing`, 'has failed', (_, { condition, message }) => {
        return condition === 'failed' && told.test(message)
      })
      await fleet.isReady(`${name}-returning`)
      await wantImage(returning, image)
      await fleet.reaches(`${name}-returning`, 'has returned', ({ rejected_why: why }) => told.test(why))
      const kept = JSON.stringify((await fleet.core().api('GET', '/outposts/deployments/')).body)
      for (const pk of [failing, returning]) {
        const token = await tokenOf(pk)
        for (const form of [token, btoa(token)])
          for (let at = 0; at + PART <= form.length; at++)
            assert.ok(!kept.includes(form.slice(at, at + PART)), `part ${at} of ${form.length} is shown`)
      }
    })
})

test('CT-16: a container that Compose made is taken over, and kept until the one in its place is healthy', async (t) => {
  if (!(await hasDocker(t, impossible)) || !(await hasTool(t, 'docker-compose', 'docker-compose'))) return
  const name = 'ak-outpost-by-hand'
  const pk = await fleet.newOutpost('by-hand', 'radius', { docker_map_ports: false })
  const { api, url } = fleet.core()
  const deployedBy = (connection: string | null) =>
    api('PATCH', `/outposts/instances/${pk}/`, { service_connection: connection })
  await deployedBy(null)
  const asked = ['manifests', 'outpost', '--name', 'by-hand', '--kind', 'compose']
  const env = { MARTELLO_HOST: url, MARTELLO_TOKEN: ADMIN_TOKEN }
  const printed = await run(process.execPath, [COMMAND, ...asked], { env })
  assert.equal(printed.code, 0, printed.text)
  const compose = ['--host', fleet.docker.url, '--project-name', 'by-hand', '--file', '-']
  const options = { input: printed.text, withinMs: 60_000 }
  const up = await run('docker-compose', [...compose, 'up', '--detach'], options)
  assert.equal(up.code, 0, up.text)
  const isHealthy = async () => (await fleet.inspect(name, '{{.State.Health.Status}}')) === 'healthy'
  await until('it is healthy', isHealthy)
  const made = await fleet.inspect(name, '{{.Id}}')

  const removed = fleet.socket.hold(/^DELETE \/containers\//)
  await deployedBy(fleet.connection)
  await using _ = fleet.startController()
  const { letGo } = await removed
  assert.ok(await isHealthy())
  assert.equal(await fleet.inspect(`${name}-previous`, '{{.Id}}'), made)
  letGo()
  await fleet.isReady('by-hand')
  assert.notEqual(await fleet.inspect(name, '{{.Id}}'), made)
  const mine = async () => (await fleet.containers()).filter((each) => each.startsWith(name))
  assert.deepEqual(await mine(), [name])
})
