import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { temporaryFolder } from './process.ts'

const REQUEST = /^([A-Z]+) (?:\/v[\d.]+)?(\/\S*) HTTP\/1\.1\r\n/

const HELD_WITHIN_MS = 60_000

/** A socket in front of an engine's, for those who are to be watched. */
export interface WatchedSocket extends AsyncDisposable {
  /** `unix://…` */
  readonly url: string
  /** `METHOD /path?query` of every request so far. */
  readonly requests: readonly string[]
  /** Resolves when a request matches; that one stays here, unanswered, until it is let go on. Rejects if none comes. */
  hold(pattern: RegExp): Promise<Held>
}

export interface Held {
  letGo(): void
  /** The request goes on, and the connection that would bring its answer is lost. */
  loseAnswer(): void
}

interface Hold {
  readonly pattern: RegExp
  readonly held: (hold: Held) => void
}

/** Listens on a socket of its own and hands everything on to the engine. */
export async function watchSocket(engineUrl: string): Promise<WatchedSocket> {
  const folder = temporaryFolder('docker-socket')
  const path = join(folder.path, 'docker.sock')
  const requests: string[] = []
  const holds: Hold[] = []
  const open = new Set<Socket>()

  /** Resolves when the octets may go on, with whether their answer comes back. */
  async function passage(octets: Buffer): Promise<boolean> {
    const [, method, target] = REQUEST.exec(octets.toString('latin1')) ?? []
    if (method === undefined) return true
    const request = `${method} ${target}`
    requests.push(request)
    const at = holds.findIndex(({ pattern }) => pattern.test(request))
    const [hold] = at < 0 ? [] : holds.splice(at, 1)
    if (hold === undefined) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    hold.held({ letGo: () => resolve(true), loseAnswer: () => resolve(false) })
    return promise
  }

  const server = createServer((client) => {
    const engine = connect(new URL(engineUrl).pathname)
    let queue = Promise.resolve()
    for (const [socket, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      open.add(socket)
      socket.on('error', () => {}).on('close', () => other.destroy() && open.delete(socket))
    }
    client.on('data', (octets: Buffer) => {
      queue = queue
        .then(() => passage(octets))
        .then((isAnswered) => void engine.write(octets, () => isAnswered || client.destroy()))
    })
    engine.pipe(client)
  }).listen(path)
  await once(server, 'listening')
  return {
    url: `unix://${path}`,
    requests,
    hold(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<Held>()
      holds.push({ pattern, held: resolve })
      const late = setTimeout(() => reject(new Error(`no request is ${pattern}`)), HELD_WITHIN_MS)
      return promise.finally(() => clearTimeout(late))
    },
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
      folder[Symbol.dispose]()
    },
  }
}
