// A newcomer's first minutes: nothing is set, what is printed is pasted into a shell, Ctrl-C, and once more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder, until } from '#test/support/engines/process.ts'
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

test('everything that the first and the second start print works as printed', async (t) => {
  for (const [tool, debian] of [
    ['curl', 'curl'],
    ['ldapsearch', 'ldap-utils'],
    ['radclient', 'freeradius-utils'],
  ] as const)
    if (!(await hasTool(t, tool, debian))) return
  using folder = temporaryFolder('first-start')
  const options = { dataDir: folder.path, ports: await fleetPorts(), generate: true }
  let password: string | undefined
  let secret: string | undefined
  {
    await using fleet = await startFleet(options)
    const summary = await summaryOf(fleet)
    password = shownValue(summary, 'password of demo and guest')
    secret = shownValue(summary, 'RADIUS shared secret')
    assert.ok(password !== undefined && secret !== undefined)
    assert.ok(
      shownValue(summary, 'akadmin password') !== undefined && shownValue(summary, 'akadmin API token') !== undefined,
    )
    await assertCommandsWork(summary, '')
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
