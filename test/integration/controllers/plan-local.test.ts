import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { LocalTarget } from '#controllers/local/local-target.ts'
import type { Deployment } from '#controllers/target/target.ts'
import { type DeploymentSettings, deploymentDefaults } from '#schema/deployment/settings.ts'
import type { ObjectStatus } from '#schema/deployment/status.ts'
import { CONTROLLER_TOKEN, startCore } from '#test/support/core.ts'
import { startEngine, until } from '#test/support/engines/process.ts'
import { run } from '#test/support/engines/tools.ts'
import { NOWHERE, startTestController } from '#test/support/test-controller.ts'

const COMMAND = join(import.meta.dirname, '..', '..', '..', 'controllers', 'commands', 'martello.mjs')
const about = { component: 'process', kind: 'Process', name: 'x' } as const

/** Nobody answers at the address of the core: that a process is started is all that matters here. */
function localTarget(): LocalTarget {
  const clock = { now: () => Date.now() }
  const events = () => ({ line() {}, ready() {}, restarting() {}, failed() {} })
  const coreUrl = new URL('http://127.0.0.1:9')
  return new LocalTarget({ coreUrl, listen: NOWHERE, events, env: process.env, clock, random: Math.random })
}

const deployment = (
  settings: Partial<DeploymentSettings> = {},
  before: readonly ObjectStatus[] = [],
  name = 'x',
): Deployment => ({
  outpost: {
    pk: '11111111-2222-4333-8444-000000000002',
    name,
    type: 'radius',
    settings: { ...deploymentDefaults, ...settings },
    providers: [],
  },
  image: '',
  context: { version: '1', imageTemplate: '' },
  secrets: { token: 'of-the-outpost' },
  inventory: [],
  before,
})

suite('the plan for a process of this machine', () => {
  test('where it runs, it is compared with what it was started with', async () => {
    await using target = localTarget()
    const planned = async (of: Deployment) => (await target.plan(of)).map(({ wanted: _, ...step }) => step)
    assert.deepEqual(await planned(deployment()), [{ ...about, action: 'create', detail: [] }])
    const { objects } = await target.apply(deployment())
    assert.deepEqual(await planned(deployment({}, objects)), [{ ...about, action: 'nothing', detail: [] }])
    const ready = objects.map((each) => ({ ...each, condition: 'ready' as const }))
    const rows: ReadonlyArray<[wanted: Deployment, detail: string[]]> = [
      [deployment({ authentik_host_insecure: true }, ready), ['/env/MARTELLO_INSECURE']],
      [deployment({ authentik_host_browser: 'https://sso.example.com' }, ready), ['/env/MARTELLO_HOST_BROWSER']],
      [deployment({}, ready, 'renamed'), ['/name']],
    ]
    for (const [wanted, detail] of rows) {
      const { name } = wanted.outpost
      assert.deepEqual(await planned(wanted), [{ ...about, name, action: 'replace', detail }])
    }
    const [[changed]] = rows as [[Deployment, string[]]]
    await target.apply(changed)
    assert.deepEqual(await planned(changed), [{ ...about, action: 'nothing', detail: [] }])
  })

  for (const condition of ['ready', 'progressing', 'failed'] as const)
    test(`from elsewhere it cannot be known what one that is ${condition} was started with`, async () => {
      await using target = localTarget()
      const since = '2026-01-01T00:00:00.000Z'
      const before = [{ ...about, condition, reason: 'Serving', message: '', since }]
      const [step] = await target.plan(deployment({}, before))
      assert.equal(step?.action, 'skip')
      assert.match(step.detail.join(), /cannot be known/)
    })
})

suite('martello plan with outposts that are processes of another controller', () => {
  const envOf = (url: string) => ({
    MARTELLO_HOST: url,
    MARTELLO_TOKEN: CONTROLLER_TOKEN,
    MARTELLO_CONTROLLER__KINDS: 'local',
  })

  test('says that it cannot know, and that it changes nothing', async () => {
    await using core = await startCore({ controller: true })
    {
      await using _ = startTestController(core, { kinds: ['local'] })
      const isReady = async () => {
        const { results } = (await core.api('GET', '/outposts/deployments/')).body
        return results.length === 3 && results.every((each: any) => each.objects[0]?.condition === 'ready')
      }
      await until('all are ready', isReady, { withinMs: 60_000 })
    }
    const plan = () => run(process.execPath, [COMMAND, 'plan', '--outpost', 'radius'], { env: envOf(core.url) })
    const { code, text } = await plan()
    assert.equal(code, 0, text)
    assert.match(text, /^ {2}· Process radius: .*cannot be known/m)
    assert.match(text, /^Nothing would change\.$/m)
  })

  test('--watch prints another plan when an outpost changes, until Ctrl-C', async () => {
    await using core = await startCore({ controller: true })
    const env = { ...process.env, ...envOf(core.url) }
    const args = [COMMAND, 'plan', '--watch']
    await using watching = await startEngine({ command: process.execPath, args, env, ready: async () => true })
    const prints = (text: RegExp) => until(`${text}`, async () => text.test(watching.output()))
    await prints(/^Plan /m)
    assert.match(watching.output(), /\+ Process radius\n/)
    const { body } = await core.api('GET', '/outposts/instances/?name__iexact=radius')
    const shown = watching.output().length
    const { status } = await core.api('PATCH', `/outposts/instances/${body.results[0].pk}/`, { name: 'renamed' })
    assert.equal(status, 200)
    await prints(/\+ Process renamed\n[\s\S]*^Plan /m)
    const ended = once(watching.process, 'exit')
    watching.process.kill('SIGINT')
    const [code] = await ended
    assert.equal(code, 1, 'something would change')
    const later = watching.output().slice(shown)
    assert.equal(later.match(/^Plan /gm)?.length, 1, 'the same plan is not printed again')
    assert.doesNotMatch(later, /Process radius\n/)
  })
})
