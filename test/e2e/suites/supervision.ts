import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '#test/support/engines/process.ts'
import type { RunningFleet } from '#test/support/fleet.ts'

/** What `npm start` promises about its processes. The last suite: it ends the fleet. */
export function supervisionSuite(running: () => RunningFleet): void {
  test('a taken port is an error that names the port and the setting, and nothing is started', async () => {
    const fleet = running()
    const before = fleet.processes()
    const { code, text } = await fleet.startAgain()
    assert.equal(code, 1)
    assert.match(text, new RegExp(`MRT_LISTEN.*${fleet.ports.core}.*MARTELLO_LISTEN__HTTP`))
    assert.deepEqual(fleet.processes(), before)
  })

  test('an outpost that dies is started again, the rest stays up', async () => {
    const fleet = running()
    const before = fleet.processes()
    process.kill(before.get('ldap')!, 'SIGKILL')
    await until('another LDAP outpost', async () => {
      const pid = fleet.processes().get('ldap')
      return pid !== undefined && pid !== before.get('ldap')
    })
    await fleet.ready()
    for (const kind of ['core', 'proxy', 'radius']) assert.equal(fleet.processes().get(kind), before.get(kind), kind)
    assert.match(fleet.output(), /ended with SIGKILL; it is started again in/)
  })

  test('Ctrl-C ends every process, with exit code 0', async () => {
    const fleet = running()
    const pids = [...fleet.processes().values()]
    assert.equal(pids.length, 4)
    assert.equal(await fleet.stop(), 0)
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  })
}
