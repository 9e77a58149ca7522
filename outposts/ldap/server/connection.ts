/**
 * One client (RFC 4511 §5). Requests are answered one after the other, in their order. While one has to wait for the
 * core, those that follow are read so far that an abandon or the end of the session is noticed, and no further: then
 * the socket is paused, and what is sent stays with the client.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Logger } from '#schema/kernel/logger.ts'
import { plainAddress } from '#schema/kernel/networks.ts'
import type { Bound } from '../bind/bound.ts'
import { encodeExtended } from '../codec/encode-response.ts'
import { MessageFramer } from '../codec/framing.ts'
import { MalformedMessageError } from '../codec/malformed-message-error.ts'
import { decodeMessage, type Message, Operation } from '../codec/message.ts'
import { Oid } from '../codec/oids.ts'
import { ResultCode, SUCCESS } from '../codec/result-code.ts'
import { Deadlines } from './deadlines.ts'
import type { LdapLimits } from './limits.ts'
import { forbidding, type Operations } from './operations.ts'
import { RequestQueue } from './request-queue.ts'
import type { Answers, Session } from './session.ts'

const FLUSH_AT_OCTETS = 64 * 1024
/** A chunk of this size was cut off: more octets are there already. */
const FULL_CHUNK_OCTETS = 64 * 1024
/** For how long one connection works before it is the turn of others. */
const TURN_MS = 5

export interface ConnectionOptions {
  readonly operations: Operations
  readonly limits: LdapLimits
  /** Turns the socket into a TLS one. */
  readonly secured: (socket: Socket) => TLSSocket
  /** Whether TLS comes before everything else. */
  readonly beginsSecured: boolean
  readonly closed: (connection: Connection) => void
  readonly log: Logger
}

type Deadline = 'handshake' | 'message' | 'idle' | 'anonymous' | 'take' | 'close'
const TOO_LATE: Readonly<Record<Exclude<Deadline, 'close' | 'handshake'>, string>> = {
  message: 'a message takes too long',
  idle: 'idle for too long',
  anonymous: 'nobody is bound for too long',
  take: 'answers are not taken',
}

/** A request whose answers are being waited for. */
interface Running {
  readonly message: Message
  readonly abort: AbortController
}

export class Connection implements Session {
  readonly remoteIp: string
  bound: Bound | undefined
  readonly #options: ConnectionOptions
  readonly #framer = new MessageFramer()
  readonly #waiting: RequestQueue
  readonly #deadlines: Deadlines<Deadline>
  #socket: Socket
  #running: Running | undefined
  /** Requests whose work goes on, abandoned ones included: it ends where it next looks at its signal. */
  #unfinished = 0
  #isEnded = false
  /** Whether it is the turn of others. */
  #isResting = false
  /** Whether a whole message has come, or an answer has gone, since the connection was found idle last. */
  #isActive = true
  #out: Buffer[] = []
  #outOctets = 0

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#options = options
    this.#socket = socket
    this.#waiting = new RequestQueue(options.limits.maxWaiting)
    this.#deadlines = new Deadlines((passed) => this.#late(passed))
    this.remoteIp = plainAddress(socket.remoteAddress ?? '')
    socket.on('error', () => socket.destroy())
    if (options.beginsSecured) this.#secure()
    else this.#listen()
  }

  /** Says why, and hangs up (RFC 4511 §4.4.1). */
  disconnect(code: number, message: string): void {
    if (this.#isEnded) return
    this.#write(encodeExtended(0, { code, message }, { oid: Oid.noticeOfDisconnection }))
    this.#flush()
    this.#end()
  }

  get #isSecure(): boolean {
    return this.#socket instanceof TLSSocket
  }

  get #limit(): number {
    const { anonymousMessageOctets, boundMessageOctets } = this.#options.limits
    return this.bound === undefined ? anonymousMessageOctets : boundMessageOctets
  }

  get #mustWait(): boolean {
    if (this.#isEnded || this.#isResting || this.#running !== undefined) return true
    return this.#socket.writableNeedDrain || this.#unfinished >= this.#options.limits.maxWaiting
  }

  #listen(): void {
    const socket = this.#socket
    socket.on('data', (chunk: Buffer | string) => typeof chunk !== 'string' && this.#receive(chunk))
    socket.on('drain', () => this.#proceed())
    socket.once('close', () => {
      if (socket !== this.#socket) return
      this.#isEnded = true
      this.#stop()
      this.#deadlines.stopAll()
      this.#options.closed(this)
    })
    this.#settle()
  }

  #receive(chunk: Buffer): void {
    // What comes after the end is read only to see the client hang up.
    if (this.#isEnded) return
    this.#framer.push(chunk)
    this.#proceed()
    if (chunk.length >= FULL_CHUNK_OCTETS) this.#rest()
  }

  #rest(): void {
    if (this.#isResting || this.#isEnded) return
    this.#isResting = true
    this.#settle()
    setImmediate(() => {
      this.#isResting = false
      this.#proceed()
    })
  }

  #proceed(): void {
    if (this.#isEnded) return
    try {
      do {
        this.#answerAll()
        this.#readAhead()
      } while (!this.#mustWait && !this.#waiting.isEmpty)
    } catch (error) {
      this.#fail(error)
    }
    if (this.#isEnded) return
    this.#flush()
    this.#settle()
  }

  #answerAll(): void {
    const until = performance.now() + TURN_MS
    while (!this.#mustWait) {
      const message = this.#waiting.shift() ?? this.#read()?.message
      if (message === undefined) return
      this.#answer(message)
      if (this.#outOctets >= FLUSH_AT_OCTETS) this.#flush()
      if (performance.now() > until) this.#rest()
    }
  }

  #readAhead(): void {
    while (!this.#isEnded && !this.#isResting && !this.#isFull) {
      const read = this.#read()
      if (read === undefined) return
      this.#waiting.push(read.message, read.octets)
    }
  }

  get #isFull(): boolean {
    const { last } = this.#waiting
    // Whatever follows StartTLS in the clear is not to be believed.
    return this.#waiting.isFull(this.#limit) || (last !== undefined && isStartTls(last))
  }

  /** The next request that is to be answered, and how long its message is. */
  #read(): { message: Message; octets: number } | undefined {
    for (;;) {
      const octets = this.#framer.next(this.#limit)
      if (octets === undefined) return undefined
      this.#isActive = true
      this.#deadlines.stop('message')
      const message = decodeMessage(octets)
      if (message.request.kind === 'unbind') this.#end()
      if (this.#isEnded) return undefined
      if (message.request.kind !== 'abandon') return { message, octets: octets.length }
      if (forbidding(message.controls) === undefined) this.#abandon(message.request.id)
    }
  }

  /** RFC 4511 §4.11: a bind and StartTLS cannot be abandoned; an id that nobody waits for is nothing to remember. */
  #abandon(id: number): void {
    const isIt = (message: Message) =>
      message.id === id && message.tag !== Operation.bindRequest && !isStartTls(message)
    if (this.#running !== undefined && isIt(this.#running.message)) this.#stop()
    else this.#waiting.remove(isIt)
  }

  #answer(message: Message): void {
    if (isStartTls(message)) return this.#startTls(message.id)
    const answers = this.#options.operations.answer(message, this)
    if (typeof answers === 'function') void this.#run(message, answers)
    else for (const answer of answers) this.#write(answer)
  }

  async #run(message: Message, work: Exclude<Answers, readonly Buffer[]>): Promise<void> {
    const running = { message, abort: new AbortController() }
    const { signal } = running.abort
    this.#running = running
    this.#unfinished++
    try {
      for await (const answers of work(signal)) {
        if (signal.aborted) break
        for (const answer of answers) this.#write(answer)
        this.#flush()
        this.#settle()
        if (this.#socket.writableNeedDrain) await once(this.#socket, 'drain', { signal })
      }
    } catch (error) {
      if (!signal.aborted) this.#fail(error)
    }
    this.#unfinished--
    if (!signal.aborted) {
      this.#running = undefined
      this.#isActive = true
    }
    this.#proceed()
  }

  /** Ends what is being waited for; it is not answered any more. */
  #stop(): void {
    this.#running?.abort.abort()
    this.#running = undefined
  }

  #startTls(id: number): void {
    const isFollowed = !this.#waiting.isEmpty || this.#framer.buffered > 0
    if (this.#isSecure || isFollowed) {
      const message = this.#isSecure ? 'TLS is active already' : 'nothing may follow StartTLS in the clear'
      this.#write(encodeExtended(id, { code: ResultCode.operationsError, message }, { oid: Oid.startTls }))
      if (!this.#isSecure) this.disconnect(ResultCode.protocolError, message)
      return
    }
    this.bound = undefined
    this.#write(encodeExtended(id, SUCCESS, { oid: Oid.startTls }))
    this.#flush()
    this.#secure()
  }

  #secure(): void {
    const plain = this.#socket
    plain.removeAllListeners('data')
    const secure = this.#options.secured(plain)
    this.#socket = secure
    secure.setNoDelay(true)
    secure.on('error', () => secure.destroy())
    plain.once('close', () => secure.destroy())
    this.#deadlines.start('handshake', this.#options.limits.handshakeMs)
    secure.once('secure', () => this.#deadlines.stop('handshake'))
    this.#listen()
  }

  /** Reads on or not, and until when something has to happen. */
  #settle(): void {
    const { limits } = this.#options
    const isFull = this.#isFull
    const isPaused = isFull || this.#isResting
    if (isPaused !== this.#socket.isPaused()) isPaused ? this.#socket.pause() : this.#socket.resume()
    if (this.#framer.buffered > 0 && !isFull) this.#deadlines.start('message', limits.messageMs)
    else this.#deadlines.stop('message')
    if (this.bound === undefined) this.#deadlines.start('anonymous', limits.anonymousMs)
    else this.#deadlines.stop('anonymous')
    if (this.#socket.writableNeedDrain) this.#deadlines.start('take', limits.takeMs)
    else this.#deadlines.stop('take')
    if (this.#mustWait) this.#deadlines.stop('idle')
    else {
      const idleMs = this.bound === undefined ? limits.anonymousIdleMs : limits.boundIdleMs
      if (this.#isActive) this.#deadlines.restart('idle', idleMs)
      else this.#deadlines.start('idle', idleMs)
      this.#isActive = false
    }
  }

  #late(passed: Deadline): void {
    // Before TLS is there, nothing can be said; after the end, everything has been.
    if (passed === 'handshake' || passed === 'close') this.#socket.destroy()
    else this.disconnect(ResultCode.unavailable, TOO_LATE[passed])
  }

  /** What is no LDAP message ends the session (RFC 4511 §4.1.1, §5.3), and so does a mistake of ours. */
  #fail(error: unknown): void {
    if (error instanceof MalformedMessageError) return this.disconnect(ResultCode.protocolError, error.detail)
    this.#options.log.error('an LDAP request failed', { cause: error })
    this.disconnect(ResultCode.other, 'internal error')
  }

  #write(octets: Buffer): void {
    this.#out.push(octets)
    this.#outOctets += octets.length
  }

  #flush(): void {
    if (this.#out.length === 0) return
    const octets = this.#out.length === 1 ? this.#out[0]! : Buffer.concat(this.#out, this.#outOctets)
    this.#out = []
    this.#outOctets = 0
    if (this.#socket.writable) this.#socket.write(octets)
  }

  #end(): void {
    this.#isEnded = true
    this.bound = undefined
    this.#stop()
    this.#waiting.clear()
    this.#framer.clear()
    this.#deadlines.stopAll()
    this.#flush()
    this.#socket.resume()
    this.#socket.end()
    this.#deadlines.start('close', this.#options.limits.closeMs)
  }
}

const isStartTls = ({ request, controls }: Message) =>
  request.kind === 'extended' && request.oid === Oid.startTls && forbidding(controls) === undefined
