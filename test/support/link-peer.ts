import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { TestCore } from './core.ts'

const WITHIN_MS = 30_000

/** Where a core serves the link of an outpost. */
export const linkUrl = (core: Pick<TestCore, 'url'>, pk: string) =>
  `${core.url.replace('http', 'ws')}/ws/outpost/${pk}/`
export const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

export interface Outpost {
  readonly pk: string
  readonly token: string
}

/** The outpost's end of a link: messages as they come, waited for one by one. */
export class LinkPeer {
  readonly socket: WebSocket
  readonly #received: any[] = []
  #wake = () => {}

  /** `uid` is the instance that it says to be before HELLO. */
  constructor(core: Pick<TestCore, 'url'>, { pk, token }: Outpost, uid?: string) {
    const query = uid === undefined ? '' : `?instance_uuid=${uid}`
    this.socket = new WebSocket(linkUrl(core, pk) + query, bearer(token))
    this.socket.on('message', (data) => {
      this.#received.push(JSON.parse(String(data)))
      this.#wake()
    })
    this.socket.on('error', () => {})
  }

  say(instruction: unknown, args: unknown = {}): void {
    this.socket.send(JSON.stringify({ instruction, args }))
  }

  /** The next message of this instruction; others before it are kept. Fails when none comes for long. */
  async next(instruction: number): Promise<any> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const patience = setTimeout(() => reject(new Error(`no message ${instruction}`)), WITHIN_MS)
    try {
      for (;;) {
        const at = this.#received.findIndex((message) => message.instruction === instruction)
        if (at >= 0) return this.#received.splice(at, 1)[0]
        await Promise.race([late, new Promise<void>((resolve) => (this.#wake = resolve))])
      }
    } finally {
      clearTimeout(patience)
    }
  }

  /** Resolves once everything that was said so far is handled. */
  async settled(): Promise<void> {
    this.say(1)
    await this.next(0)
  }

  /** The code with which the link ends. */
  async closed(): Promise<number> {
    const [code] = await once(this.socket, 'close')
    return code
  }
}

/** A link whose HELLO was heard. */
export async function linked(core: Pick<TestCore, 'url'>, outpost: Outpost, hello: object = {}): Promise<LinkPeer> {
  const peer = new LinkPeer(core, outpost)
  await once(peer.socket, 'open')
  peer.say(1, { version: '2023.8.3', buildHash: 'tagged', uuid: crypto.randomUUID(), hostname: 'test', ...hello })
  await peer.next(0)
  return peer
}

/** The status of the answer to a handshake: 101 if it was let in. */
export async function handshakeStatus(url: string, options: object): Promise<number | undefined> {
  const socket = new WebSocket(url, options)
  socket.on('error', () => {})
  const answered = Promise.withResolvers<number | undefined>()
  socket.on('unexpected-response', (_req, answer) => answered.resolve(answer.statusCode))
  socket.on('open', () => answered.resolve(101))
  const status = await answered.promise
  socket.terminate()
  return status
}
