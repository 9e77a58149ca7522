import { once } from 'node:events'
import type { Server } from 'node:http'
import { ListenError } from '#schema/kernel/listen-error.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'

/** For requests under way when the servers are closed. */
const GRACE_MS = 1_000

/**
 * Opens each server at its address; rejects with a ListenError, and none open, when one cannot be. Disposing closes all at
 * the same time, so that together they take no longer than one.
 */
export async function listenAll(
  servers: ReadonlyArray<readonly [server: Server, address: ListenAddress]>,
): Promise<AsyncDisposable> {
  const open: Server[] = []
  const all = {
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map(close))
    },
  }
  try {
    for (const [server, address] of servers) {
      await listen(server, address)
      open.push(server)
    }
    return all
  } catch (error) {
    await all[Symbol.asyncDispose]()
    throw error
  }
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  try {
    server.listen(address.port, address.host)
    await once(server, 'listening')
  } catch (cause) {
    throw new ListenError(address, cause)
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const impatient = setTimeout(() => server.closeAllConnections(), GRACE_MS)
  await closed
  clearTimeout(impatient)
}
