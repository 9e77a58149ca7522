import { once } from 'node:events'
import type { Server } from 'node:net'
import { ListenError } from '#schema/kernel/listen-error.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'

/** The server once it listens; rejects with ListenError, which names the setting to change, when it cannot. */
export async function listenTcp<S extends Server>(server: S, address: ListenAddress): Promise<S> {
  try {
    server.listen(address.port, address.host)
    await once(server, 'listening')
    return server
  } catch (cause) {
    throw new ListenError(address, cause)
  }
}
