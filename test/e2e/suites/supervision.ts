import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { z } from 'zod'
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

  test('Ctrl-C ends every process within 5 s, outposts before the core, whatever is being downloaded', async () => {
    const fleet = running()
    await using application = await endlessApplication()
    const { results } = providers.parse(await (await fleet.api('GET', '/providers/proxy/?name__iexact=sample')).json())
    const internal_host = `http://127.0.0.1:${application.port}`
    await fleet.api('PATCH', `/providers/proxy/${results[0]!.pk}/`, { internal_host, skip_path_regex: '^/endless$' })
    const download = await endlessDownload(fleet.ports.proxy)
    assert.equal(fleet.processes().size, 4)
    assert.ok(fleet.group().length >= 5)
    const printedBefore = fleet.output().length
    assert.equal(await fleet.stop(), 0)
    assert.deepEqual(fleet.group(), [])
    await download.cut
    const lines = fleet.output().slice(printedBefore).split('\n')
    const at = (process: string, event: string) =>
      lines.findIndex((line) => line.startsWith(`[${process}]`) && line.includes(`"event":"${event}"`))
    const coreStops = at('core', 'stopping')
    assert.ok(coreStops >= 0, 'the core says that it stops')
    for (const outpost of ['proxy', 'ldap', 'radius']) {
      const stopped = at(outpost, 'stopped')
      assert.ok(stopped >= 0 && stopped < coreStops, `${outpost} has stopped before the core begins to`)
    }
  })
}

const providers = z.object({ results: z.array(z.object({ pk: z.number() })) })

/** An application whose answers never end. */
async function endlessApplication(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer((_req, res) => {
    const more = setInterval(() => res.write('more'), 20)
    res.once('close', () => clearInterval(more))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** A download through the outpost, once the outpost knows that nobody has to sign in for it; `cut` when it has ended. */
async function endlessDownload(port: number): Promise<{ readonly cut: Promise<void> }> {
  const cut = Promise.withResolvers<void>()
  await until('the download', async () => {
    const asked = get({ host: '127.0.0.1', port, path: '/endless', headers: { host: `sample.localhost:${port}` } })
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.on('error', () => {})
    if (answer.statusCode !== 200) {
      asked.destroy()
      return false
    }
    answer.once('close', cut.resolve)
    await once(answer, 'data')
    return true
  })
  return { cut: cut.promise }
}
