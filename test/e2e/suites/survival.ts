import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Curl } from '#test/support/curl.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import type { RunningFleet } from '#test/support/fleet.ts'
import { LdapClient, present } from '#test/support/ldap-client.ts'
import { ldapNames, userDn } from '#test/support/ldap-tools.ts'
import { standingOfDemo } from './revocation.ts'

const OUTPOSTS = ['proxy', 'ldap', 'radius'] as const
const LOAD = 8

/** Kills the core, and each one that takes its place, until disposed. */
function withoutCore(fleet: RunningFleet): Disposable {
  const kill = () => {
    const core = fleet.processes().get('core')
    try {
      if (core !== undefined) process.kill(core, 'SIGKILL')
    } catch (error) {
      // It has ended since it was looked for.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
  kill()
  const again = setInterval(kill, 20)
  return { [Symbol.dispose]: () => clearInterval(again) }
}

/** Asks again and again; the number of failures is known once it is stopped. */
function load(ask: () => Promise<boolean>): { stop(): Promise<{ asked: number; failed: number }> } {
  let isOver = false
  let asked = 0
  let failed = 0
  const worker = async () => {
    while (!isOver) {
      if (!(await ask().catch(() => false))) failed++
      asked++
    }
  }
  const workers = Array.from({ length: LOAD }, worker)
  return {
    async stop() {
      isOver = true
      await Promise.all(workers)
      return { asked, failed }
    },
  }
}

/** Whether demo can bind on a connection of its own, and search. */
async function bindAndSearch({ ports, password }: RunningFleet): Promise<boolean> {
  using client = await LdapClient.open(ports.ldap)
  if ((await client.bind(userDn('demo'), password)) !== 0) return false
  return (await client.search(present('cn'))).code === 0
}

/** The outposts go on while the core is dead. */
export function survivalSuite(running: () => RunningFleet): void {
  test('the core is killed under load: nobody who is in is thrown out, and everything comes back', async (t) => {
    if (!(await hasTool(t, 'ldapsearch', 'ldap-utils')) || !(await hasTool(t, 'radclient', 'freeradius-utils'))) return
    const fleet = running()
    using curl = new Curl()
    const standing = await standingOfDemo(fleet, curl)
    const before = fleet.processes()
    const printedBefore = fleet.output().length
    const loads = { proxy: load(standing.proxy), ldap: load(() => bindAndSearch(fleet)) }
    {
      using _ = withoutCore(fleet)
      for (let round = 0; round < 5; round++) {
        assert.ok(await standing.proxy(), 'the session at the proxy')
        assert.ok(await standing.ldap(), 'the cached bind')
        assert.deepEqual(
          await ldapNames(
            { url: `ldap://127.0.0.1:${fleet.ports.ldap}`, user: 'demo', password: fleet.password },
            '(objectClass=user)',
          ),
          ['demo'],
          'the cached search',
        )
      }
      assert.equal(await standing.radius(), 'silence', 'RADIUS does not reject what it cannot decide')
    }
    await fleet.ready()
    for (const [protocol, requests] of Object.entries(loads)) {
      const { asked, failed } = await requests.stop()
      assert.ok(asked > 100, `${protocol}: ${asked}`)
      assert.equal(failed, 0, `${protocol}: requests of somebody who is in that failed`)
    }
    const after = fleet.processes()
    assert.notEqual(after.get('core'), before.get('core'))
    for (const kind of OUTPOSTS) {
      assert.equal(after.get(kind), before.get(kind), `${kind} has not been restarted`)
      assert.deepEqual(troubles(kind, fleet.output().slice(printedBefore)), kind === 'radius' ? [LOST, SILENT] : [LOST])
    }
    using again = new Curl()
    await standingOfDemo(fleet, again)
  })
}

const LOST = 'the link to the core is lost; serving what is known'
/** Of the one request that was sent. */
const SILENT = 'RADIUS request left without an answer'

/** What an outpost has complained of. */
function troubles(kind: string, output: string): readonly string[] {
  const lines = output.split('\n').flatMap((line) => new RegExp(`^\\[${kind}\\] (\\{.*\\})$`).exec(line)?.[1] ?? [])
  const entries: readonly { level: string; event: string }[] = lines.map((line) => JSON.parse(line))
  return entries.filter(({ level }) => level === 'warning' || level === 'error').map(({ event }) => event)
}
