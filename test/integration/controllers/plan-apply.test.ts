import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { coreClient } from '#controllers/core-client.ts'
import { Claims } from '#controllers/loop/claims.ts'
import { silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'
import { CONTROLLER_TOKEN } from '#test/support/core.ts'
import { type DockerFleet, hasDocker, startDockerFleet } from '#test/support/docker-fleet.ts'
import { databaseFolder } from '#test/support/engines/process.ts'
import { type Answer, run } from '#test/support/engines/tools.ts'
import { testIdentity } from '#test/support/test-controller.ts'
import { importTinyImage } from '#test/support/tiny-image.ts'

const COMMAND = join(import.meta.dirname, '..', '..', '..', 'controllers', 'commands', 'martello.mjs')
const command = 'trap "exit 0" TERM; while true; do sleep 1 & wait; done'

const data = databaseFolder('plan-apply')
let fleet: DockerFleet
let impossible: string | undefined
before(async () => {
  const started = await startDockerFleet({ dataDir: data.path, imageBase: 'tiny:one' })
  if ('impossible' in started) {
    impossible = started.impossible
    return
  }
  fleet = started
  await importTinyImage(fleet.docker, 'tiny:one', { command, health: 'true' })
  for (const name of ['first', 'second']) await fleet.newOutpost(name, 'radius', { docker_map_ports: false })
})
after(async () => {
  await fleet?.[Symbol.asyncDispose]()
  data[Symbol.dispose]()
})

/** The command, as a person runs it: the core answers from this process meanwhile. */
const martello = (...args: string[]): Promise<Answer> =>
  run(process.execPath, [COMMAND, ...args], {
    env: { MARTELLO_HOST: fleet.core().url, MARTELLO_TOKEN: CONTROLLER_TOKEN, MARTELLO_CONTROLLER__KINDS: 'docker' },
    withinMs: 120_000,
  })
const hashIn = ({ text }: Answer): string => /^Plan ([0-9a-f]{16})$/m.exec(text)?.[1] ?? assert.fail(text)

/** Every test goes on where the one before it ended. */
suite('martello plan and apply', () => {
  test('a plan shows what would be made, and makes nothing', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const plan = await martello('plan')
    assert.equal(plan.code, 1, plan.text)
    for (const name of ['first', 'second']) assert.ok(plan.text.includes(`+ Container ak-outpost-${name}`), plan.text)
    assert.match(plan.text, /^2 changes\.$/m)
    assert.equal(hashIn(await martello('plan')), hashIn(plan), 'the same plan has the same hash')
    assert.deepEqual(await fleet.containers(), [])
  })

  test('a plan that was never shown is not carried out', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const { code, text } = await martello('apply', '--plan', '0'.repeat(16))
    assert.equal(code, 1)
    assert.match(text, /another one by now/)
    assert.deepEqual(await fleet.containers(), [])
  })

  test('the plan of one outpost is carried out for that one', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const hash = hashIn(await martello('plan', '--outpost', 'first'))
    const { code, text } = await martello('apply', '--outpost', 'first', '--plan', hash)
    assert.equal(code, 0, text)
    assert.match(text, /first: applied/)
    assert.deepEqual(await fleet.containers(), ['ak-outpost-first'])
    const again = await martello('plan', '--outpost', 'first')
    assert.equal(again.code, 0, again.text)
  })

  test('CT-11: what another controller serves is left to it', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const core = coreClient(new URL(fleet.core().url), new Secret(CONTROLLER_TOKEN))
    await using claims = new Claims({ core, identity: testIdentity(), log: silentLogger })
    await claims.keep(new Set([fleet.connection]))
    assert.ok(claims.holds(fleet.connection), 'who has applied before has let go of it')
    const plan = await martello('plan')
    assert.match(plan.text, /\+ Container ak-outpost-second/)
    const { code, text } = await martello('apply', '--plan', hashIn(plan))
    assert.equal(code, 1)
    assert.match(text, /^second: the controller "test" serves "the engine" and does by itself what is wanted$/m)
    assert.deepEqual(await fleet.containers(), ['ak-outpost-first'])
  })

  test('a plan that is out of date changes nothing, the one of now the rest', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    const old = hashIn(await martello('plan'))
    const { body } = await fleet.core().api('GET', '/outposts/instances/?name__iexact=second')
    const [{ pk, config }] = body.results
    await fleet.core().api('PATCH', `/outposts/instances/${pk}/`, {
      config: { ...config, object_naming_template: 'other-%(name)s' },
    })
    const stale = await martello('apply', '--plan', old)
    assert.equal(stale.code, 1)
    assert.match(stale.text, /another one by now[\s\S]*\+ Container other-second/)
    assert.deepEqual(await fleet.containers(), ['ak-outpost-first'])
    const { code, text } = await martello('apply', '--json', '--plan', hashIn(stale))
    assert.equal(code, 0, text)
    assert.deepEqual(JSON.parse(text), { applied: ['second'], failures: {} })
    assert.deepEqual(await fleet.containers(), ['ak-outpost-first', 'other-second'])
    assert.equal((await martello('plan')).code, 0)
  })

  test('the record of what was made is the controller’s', async (t) => {
    if (!(await hasDocker(t, impossible))) return
    await using _ = fleet.startController()
    for (const name of ['first', 'second']) await fleet.isReady(name)
  })

  for (const args of [
    ['apply'],
    ['apply', '--watch'],
    ['apply', '--plan', 'x', '--timeout', 'soon'],
    ['plan', '--plan', 'x'],
    ['plan', 'first'],
  ])
    test(`martello ${args.join(' ')} is wrong use`, async () => {
      assert.equal((await run(process.execPath, [COMMAND, ...args])).code, 2)
    })
})
