import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { StartConfig } from '#controllers/config/start-config.ts'
import { ListenError } from '#schema/kernel/listen-error.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'

/** Rejects with a ListenError naming the first port that is taken and its setting, before anything is started. */
export async function requireFreePorts({ core, sample, local }: StartConfig): Promise<void> {
  const tcp = [
    ...Object.values(core),
    ...(sample.enabled ? [sample.listen] : []),
    ...Object.values(local.proxy),
    ...Object.values(local.ldap),
    local.radius.metrics,
  ]
  for (const address of tcp) await tryTcp(address)
  await tryUdp(local.radius.radius)
}

async function tryTcp(address: ListenAddress): Promise<void> {
  const server = createServer()
  try {
    server.listen(address.port, address.host)
    await once(server, 'listening')
  } catch (cause) {
    throw new ListenError(address, cause)
  }
  server.close()
  await once(server, 'close')
}

async function tryUdp(address: ListenAddress): Promise<void> {
  const socket = createSocket(address.host.includes(':') ? 'udp6' : 'udp4')
  try {
    socket.bind(address.port, address.host)
    await once(socket, 'listening')
  } catch (cause) {
    throw new ListenError(address, cause)
  } finally {
    socket.close()
  }
}
