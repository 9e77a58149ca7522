import { connect as connectTcp, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Client } from 'ssh2'
import { ServiceConnectionError, TargetUnreachableError } from '#controllers/target/target-error.ts'
import { readSshPublicKey } from '#schema/deployment/ssh-host-key.ts'
import { equalOctets } from '#schema/kernel/equal.ts'
import type { DockerCredentials } from './connect.ts'

const SSH_PORT = 22
const READY_MS = 10_000
const ALIVE_EVERY_MS = 15_000

export interface SshTunnel {
  /** A stream to the socket on the other machine. */
  readonly connect: () => Promise<Duplex>
  readonly end: () => void
}

/**
 * Streams to a unix socket on another machine over one SSH connection, opened when it is first needed and again after it
 * was lost. The host's key must be the stored one; nothing is written to disk.
 */
export function openSshTunnel(url: URL, { key, sshHostKey = '' }: DockerCredentials, socket: string): SshTunnel {
  const hostKey = readSshPublicKey(sshHostKey)
  if (hostKey === undefined)
    throw new ServiceConnectionError(
      'ssh_host_key is required: the public key line of the host, as ssh-keyscan prints it',
    )
  if (key === undefined) throw new ServiceConnectionError('tls_authentication is required: the key to sign in with')
  if (url.username === '') throw new ServiceConnectionError('url needs a user: ssh://user@host')
  let opened: Promise<Client> | undefined
  let socketToHost: Socket | undefined
  const open = () => {
    const { promise, resolve, reject } = Promise.withResolvers<Client>()
    const client = new Client()
    const sock = connectTcp(Number(url.port) || SSH_PORT, url.hostname.replace(/^\[|\]$/g, ''))
    socketToHost = sock
    const lost = (cause: Error) => {
      opened = undefined
      // The library leaves it half open when it refuses the host.
      sock.destroy()
      reject(new TargetUnreachableError(`the host of Docker cannot be reached over SSH (${cause.message})`, cause))
    }
    client
      .on('ready', () => resolve(client))
      .on('error', lost)
      .on('close', () => lost(new Error('closed')))
    client.connect({
      sock,
      username: decodeURIComponent(url.username),
      privateKey: key,
      hostVerifier: (offered: Buffer) => equalOctets(offered, hostKey.blob),
      algorithms: { serverHostKey: algorithmsOf(hostKey.type) },
      readyTimeout: READY_MS,
      keepaliveInterval: ALIVE_EVERY_MS,
    })
    return promise
  }
  return {
    async connect() {
      opened ??= open()
      const client = await opened
      const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
      client.openssh_forwardOutStreamLocal(socket, (cause, stream) => {
        if (cause) reject(new TargetUnreachableError('the socket of Docker cannot be reached over SSH', cause))
        else resolve(stream)
      })
      return promise
    },
    end() {
      socketToHost?.destroy()
    },
  }
}

/** Only what the stored key can prove is asked for, so that the host shows that key and no other of its own. */
function algorithmsOf(type: string) {
  return (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]) as never[]
}
