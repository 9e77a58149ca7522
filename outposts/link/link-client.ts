import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { OutpostConfig } from '#outposts/config/outpost-config.ts'
import { USER_AGENT } from '#schema/client/core-client.ts'
import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Random } from '#schema/kernel/clock.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { joinUrl } from '#schema/kernel/url-join.ts'
import { messageText, parseMessage } from '#schema/wire/envelope.ts'
import {
  CloseCode,
  type HelloArgs,
  Instruction,
  type Revocation,
  revokeArgs,
  sessionEndArgs,
  type TriggerUpdateArgs,
  triggerUpdateArgs,
} from '#schema/wire/messages.ts'
import { askAgainMs } from './standing.ts'

const HELLO_EVERY_MS = 10_000
/** Three unanswered HELLOs: the peer is gone, whatever the socket believes. */
const SILENCE_MS = 32_000
const SOCKET_OPTIONS = {
  handshakeTimeout: 10_000,
  maxPayload: 4 * 1024 * 1024,
  perMessageDeflate: false,
  /** How long a core may take to answer the end of the link, in ms; a process that stops waits for it. */
  closeTimeout: 2_000,
} as const
/** A connection that lasted this long was good: the next attempt is early again. */
const STABLE_MS = 30_000
const RECONNECT = { firstMs: 500, capMs: 5_000 }
const REFUSING_CODES: readonly number[] = [CloseCode.unauthorized, CloseCode.gone]

export interface LinkEvents {
  /** Said at each connect and every 10 s. */
  hello(): HelloArgs
  update(args: TriggerUpdateArgs): void
  revoke(revocations: readonly Revocation[]): void
  /** compat: SESSION_END of a reference core. */
  sessionEnded(sessionHash: string): void
  /** Whether the core is linked now. */
  linked(is: boolean): void
  /** The core said no to the link; what it says to calls decides what that means. */
  refused(): void
}

export interface LinkOptions {
  readonly config: OutpostConfig
  readonly outpost: string
  readonly instance: string
  readonly log: Logger
  readonly random: Random
}

/** Keeps this process linked to the core for as long as the signal is not aborted; every failure is another attempt. */
export class LinkClient {
  readonly #options: LinkOptions
  readonly #events: LinkEvents
  #socket: WebSocket | undefined
  #isLost = false

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options
    this.#events = events
  }

  /** Tells the core what this instance enforces from now on. */
  applied(applied: { revision?: number; sequence?: number }): void {
    this.#send(Instruction.Applied, applied)
  }

  async run(signal: AbortSignal): Promise<void> {
    const { random } = this.#options
    for (let attempt = 0; !signal.aborted; attempt++) {
      const { lastedMs, isRefused } = await this.#connection(attempt, signal)
      if (isRefused && !signal.aborted) this.#events.refused()
      if (lastedMs >= STABLE_MS) attempt = 0
      const ms = isRefused ? askAgainMs(random) : backoffMs(attempt + 1, random, RECONNECT)
      await wait(ms, undefined, { signal }).catch(() => {})
    }
  }

  /** One connection, from its handshake to its end: how long it was open, in ms, and whether the core said no to it. */
  #connection(attempt: number, signal: AbortSignal): Promise<{ lastedMs: number; isRefused: boolean }> {
    const { config, log, outpost, instance } = this.#options
    const url = joinUrl(
      config.host,
      `/ws/outpost/${outpost}/?instance_uuid=${instance}${attempt > 0 ? `&attempt=${attempt}` : ''}`,
    )
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    const socket = new WebSocket(url, {
      ...SOCKET_OPTIONS,
      headers: { authorization: `Bearer ${config.token.reveal()}`, 'user-agent': USER_AGENT },
      rejectUnauthorized: !config.insecure,
    })
    const { promise, resolve } = Promise.withResolvers<{ lastedMs: number; isRefused: boolean }>()
    let isRefused = false
    let openedAt: number | undefined
    let silence: NodeJS.Timeout | undefined
    let hello: NodeJS.Timeout | undefined
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(() => socket.terminate(), SILENCE_MS)
    }
    const stop = () => socket.close(CloseCode.stopping)
    signal.addEventListener('abort', stop, { once: true })
    socket.on('open', () => {
      openedAt = performance.now()
      this.#socket = socket
      heard()
      const say = () => this.#send(Instruction.Hello, this.#events.hello())
      say()
      hello = setInterval(say, HELLO_EVERY_MS)
      this.#events.linked(true)
      log.info(this.#isLost ? 'linked to the core again' : 'linked to the core')
      this.#isLost = false
    })
    socket.on('ping', heard)
    socket.on('message', (data, isBinary) => {
      heard()
      if (isBinary || !this.#handle(data.toString())) socket.close(CloseCode.malformed)
    })
    socket.on('unexpected-response', (_, { statusCode = 0 }) => {
      isRefused = statusCode === 401 || statusCode === 403
      this.#lost(signal, `the core answered ${statusCode}`)
      socket.terminate()
    })
    socket.on('error', (cause) => this.#lost(signal, cause.message))
    socket.on('close', (code) => {
      isRefused ||= REFUSING_CODES.includes(code)
      clearTimeout(silence)
      clearInterval(hello)
      signal.removeEventListener('abort', stop)
      this.#socket = undefined
      if (openedAt !== undefined) this.#events.linked(false)
      this.#lost(signal, `closed with ${code}`)
      resolve({ lastedMs: openedAt === undefined ? 0 : performance.now() - openedAt, isRefused })
    })
    return promise
  }

  /** Says once that the core is gone, until it is back. */
  #lost(signal: AbortSignal, why: string): void {
    if (this.#isLost || signal.aborted) return
    this.#isLost = true
    this.#options.log.warning('the link to the core is lost; serving what is known', { why })
  }

  /** False when the message cannot be understood: an update then means everything, but a revocation is not guessed. */
  #handle(text: string): boolean {
    const message = parseMessage(text)
    if (message === undefined) return false
    const { instruction, args } = message
    if (instruction === Instruction.TriggerUpdate) this.#events.update(triggerUpdateArgs.safeParse(args).data ?? {})
    else if (instruction === Instruction.Revoke) {
      const revoked = revokeArgs.safeParse(args)
      if (!revoked.success) return false
      this.#events.revoke(revoked.data.revocations)
    } else if (instruction === Instruction.SessionEnd) {
      const ended = sessionEndArgs.safeParse(args)
      if (!ended.success) return false
      this.#events.sessionEnded(ended.data.session_id)
    }
    return true
  }

  #send(instruction: number, args: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(messageText(instruction, args))
  }
}
