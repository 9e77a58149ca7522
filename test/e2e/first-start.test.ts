// A newcomer's first minutes: nothing is set, what is printed is pasted into a shell, Ctrl-C, and once more.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { databaseFolder, until } from '#test/support/engines/process.ts'
import { hasTool, run } from '#test/support/engines/tools.ts'
import { fleetPorts, type RunningFleet, startFleet } from '#test/support/fleet.ts'

/** What the fleet printed once everything was up. */
async function summaryOf(fleet: RunningFleet): Promise<string> {
  await until('the summary', async () => fleet.output().includes('Ctrl-C stops everything.'))
  return fleet.output().slice(fleet.output().indexOf('Martello 0'))
}

const shownValue = (summary: string, name: string) => new RegExp(`^  ${name} +(\\S+)$`, 'm').exec(summary)?.[1]

/** The commands to try, exactly as printed. */
const commandsOf = (summary: string) => /^Try\n\n((?: {2}.+\n)+)/m.exec(summary)?.[1] ?? ''

async function assertCommandsWork(summary: string, input: string): Promise<void> {
  const { code, text } = await run('bash', ['-c', commandsOf(summary)], { input })
  assert.equal(code, 0, text)
  assert.match(text, /^location: http/im, 'curl is sent to sign in')
  assert.match(text, /^cn: demo$/m, 'ldapsearch finds demo')
  assert.match(text, /Received Access-Accept/, 'radclient is let in')
}

/** An outpost that is no process of this machine: what is up here does not wait for it. */
async function deployElsewhere(corePort: number, token: string): Promise<void> {
  const ask = async (method: string, path: string, body?: object): Promise<any> => {
    const answer = await fetch(`http://127.0.0.1:${corePort}/api/v3/outposts/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    assert.ok(answer.ok, `${path}: ${answer.status}`)
    return answer.json()
  }
  const daemon = { name: 'elsewhere', url: 'unix:///nowhere/docker.sock' }
  const { pk } = await ask('POST', 'service_connections/docker/', daemon)
  const [{ providers }] = (await ask('GET', 'instances/?name__iexact=ldap')).results
  const outpost = { name: 'elsewhere', type: 'ldap', providers, service_connection: pk, config: {} }
  await ask('POST', 'instances/', outpost)
}

/** Whether everything that is printed can be run; see `hasTool`. */
async function hasTools(t: TestContext): Promise<boolean> {
  for (const [tool, debian] of [
    ['curl', 'curl'],
    ['ldapsearch', 'ldap-utils'],
    ['radclient', 'freeradius-utils'],
  ] as const)
    if (!(await hasTool(t, tool, debian))) return false
  return true
}

test('what a start on a chosen address prints works as printed', async (t) => {
  if (!(await hasTools(t))) return
  await using fleet = await startFleet({ host: '127.0.0.2', generate: true, kinds: 'local' })
  const summary = await summaryOf(fleet)
  assert.match(summary, new RegExp(`^ {2}core +http://127\\.0\\.0\\.2:${fleet.ports.core} `, 'm'))
  await assertCommandsWork(summary, '')
  assert.equal(await fleet.stop(), 0)
})

test('everything that the first and the second start print works as printed', async (t) => {
  if (!(await hasTools(t))) return
  using folder = databaseFolder('first-start')
  const options = { dataDir: folder.path, ports: await fleetPorts(), generate: true, kinds: 'local,docker' }
  let password: string | undefined
  let secret: string | undefined
  {
    await using fleet = await startFleet(options)
    const summary = await summaryOf(fleet)
    password = shownValue(summary, 'password of demo and guest')
    secret = shownValue(summary, 'RADIUS shared secret')
    assert.ok(password !== undefined && secret !== undefined)
    const token = shownValue(summary, 'akadmin API token')
    assert.ok(shownValue(summary, 'akadmin password') !== undefined && token !== undefined)
    await assertCommandsWork(summary, '')
    await deployElsewhere(options.ports.core, token)
    assert.equal(await fleet.stop(), 0)
  }
  await using fleet = await startFleet(options)
  const summary = await summaryOf(fleet)
  assert.doesNotMatch(summary, /Generated now/)
  for (const hidden of [password, secret]) assert.ok(!summary.includes(hidden), 'secrets are shown once')
  await assertCommandsWork(summary, `${password}\n${secret}\n`)
  // Nor does a core that hangs keep anything from ending.
  process.kill(fleet.processes().get('core')!, 'SIGSTOP')
  assert.equal(await fleet.stop(), 0)
  assert.deepEqual(fleet.group(), [])
})

test('a start that serves no connections of this machine runs the core alone, and deploys nothing', async () => {
  await using fleet = await startFleet({ kinds: 'kubernetes' })
  const summary = await summaryOf(fleet)
  assert.doesNotMatch(summary, /outpost/)
  assert.deepEqual([...fleet.processes().keys()], ['core'])
  const deployed = (await (await fleet.api('GET', '/outposts/deployments/')).json()) as { results: unknown[] }
  assert.deepEqual(deployed.results, [])
  assert.doesNotMatch(fleet.output(), /is not a setting/)
  assert.equal(await fleet.stop(), 0)
})
