import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { startCore } from '#test/support/core.ts'
import { freePort, temporaryFolder } from '#test/support/engines/process.ts'
import { run } from '#test/support/engines/tools.ts'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'core', 'main.ts')

/** The exit code of the check, with nothing but this in its environment; it leaves nothing behind. */
async function check(env: Record<string, string>): Promise<number | null> {
  using folder = temporaryFolder('healthcheck')
  const answer = await run(process.execPath, [MAIN, 'healthcheck'], {
    env: { MARTELLO_DATA_DIR: folder.path, ...env },
    withinMs: 30_000,
  })
  assert.deepEqual(readdirSync(folder.path), [])
  return answer.code
}

test('a core that is ready is healthy, whatever its port and the addresses that it listens on', async () => {
  await using core = await startCore({ sample: false })
  const { port } = new URL(core.url)
  for (const address of [`127.0.0.1:${port}`, `0.0.0.0:${port}`, `localhost:${port}`])
    assert.equal(await check({ MARTELLO_LISTEN__HTTP: address }), 0, address)
})

const answers: ReadonlyArray<[what: string, code: number, answer: RequestListener]> = [
  ['204 where it is asked', 0, (req, res) => res.writeHead(req.url === '/-/health/ready/' ? 204 : 500).end()],
  ['a redirect', 0, (_req, res) => res.writeHead(302, { location: '/' }).end()],
  ['404', 1, (_req, res) => res.writeHead(404).end()],
  ['503', 1, (_req, res) => res.writeHead(503).end()],
  ['nothing, and hangs up', 1, (req) => req.socket.destroy()],
  ['nothing at all', 1, () => {}],
]
for (const [what, code, answer] of answers)
  test(`a server that answers ${what}: exit code ${code}`, async () => {
    const server = createServer(answer).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    assert.equal(await check({ MARTELLO_LISTEN__HTTP: `127.0.0.1:${port}` }), code)
    server.closeAllConnections()
    server.close()
  })

test('nobody there, or settings that cannot be used: exit code 1', async () => {
  assert.equal(await check({ MARTELLO_LISTEN__HTTP: `127.0.0.1:${await freePort()}` }), 1)
  assert.equal(await check({ MARTELLO_LISTEN__HTTP: 'nowhere' }), 1)
})
