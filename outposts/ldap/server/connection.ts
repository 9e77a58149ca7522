import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Bound } from '../bind/bound.ts'
import { MessageFramer } from '../codec/framing.ts'
import { MalformedMessageError } from '../codec/malformed-message-error.ts'
import { decodeMessage, encodeExtended, encodeResult, type Message, responseTagOf } from '../codec/message.ts'
import { Oid } from '../codec/oids.ts'
import { ResultCode, SUCCESS } from '../codec/result-code.ts'
import type { Operations } from './operations.ts'

/** Octets of one message: before anybody is known, and after. */
const UNBOUND_LIMIT = 64 * 1024
const BOUND_LIMIT = 4 * 1024 * 1024
/** Requests that may wait on one connection; more are not read until some are answered. */
const MAX_WAITING = 64
const UNBOUND_IDLE_MS = 30_000
const BOUND_IDLE_MS = 15 * 60_000
const FLUSH_AT_OCTETS = 64 * 1024

export interface ConnectionOptions {
  readonly operations: Operations
  /** Turns the socket into a TLS one, for StartTLS. */
  readonly startTls: (socket: Socket) => TLSSocket
  readonly closed: (connection: Connection) => void
}

/** One client. Requests are answered in their order; a bind lets everything before it end first. */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #framer = new MessageFramer()
  readonly #waiting: Message[] = []
  readonly #abandoned = new Set<number>()
  readonly #ended = new AbortController()
  #socket: Socket
  #isWorking = false
  #out: Buffer[] = []
  #outOctets = 0
  bound: Bound | undefined
  readonly remoteIp: string

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#options = options
    this.#socket = socket
    this.remoteIp = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
    this.#listen(socket)
  }

  get isSecure(): boolean {
    return this.#socket instanceof TLSSocket
  }

  /** Aborts when the client is gone: nobody waits for what is still being asked. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** Says why, and hangs up (RFC 4511 §4.4.1). */
  disconnect(code: number, message: string): void {
    if (this.#ended.signal.aborted) return
    this.#write(encodeExtended(0, { code, message }, { oid: Oid.noticeOfDisconnection }))
    this.#flush()
    this.#end()
  }

  #listen(socket: Socket): void {
    socket.setNoDelay(true)
    socket.setTimeout(UNBOUND_IDLE_MS)
    socket.on('data', (chunk: Buffer | string) => typeof chunk !== 'string' && this.#receive(chunk))
    socket.on('drain', () => this.#work())
    socket.on('timeout', () => this.disconnect(ResultCode.unavailable, 'idle for too long'))
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      if (socket !== this.#socket) return
      this.#ended.abort()
      this.#options.closed(this)
    })
  }

  #receive(chunk: Buffer): void {
    this.#framer.push(chunk)
    this.#work()
  }

  /** Reads what has come in, then answers one request after the other, until one has to wait for the core. */
  #work(): void {
    if (this.#isWorking || this.#ended.signal.aborted) return
    this.#isWorking = true
    try {
      while (!this.#ended.signal.aborted && !this.#socket.writableNeedDrain) {
        this.#readMessages()
        const message = this.#waiting.shift()
        if (message === undefined) break
        const pending = this.#answer(message)
        if (pending !== undefined) return this.#later(pending)
        if (this.#outOctets >= FLUSH_AT_OCTETS) this.#flush()
      }
    } catch (error) {
      this.#malformed(error)
    }
    this.#flush()
    this.#isWorking = false
    if (!this.#ended.signal.aborted) this.#socket.resume()
  }

  #later(pending: Promise<void>): void {
    this.#flush()
    pending
      .catch((error) => this.#malformed(error))
      .finally(() => {
        this.#isWorking = false
        this.#work()
      })
  }

  #readMessages(): void {
    const limit = this.bound === undefined ? UNBOUND_LIMIT : BOUND_LIMIT
    while (this.#waiting.length < MAX_WAITING) {
      const octets = this.#framer.next(limit)
      if (octets === undefined) return
      const message = decodeMessage(octets)
      if (message.request.kind === 'unbind') return this.#end()
      if (message.request.kind === 'abandon') this.#abandon(message.request.id)
      else this.#waiting.push(message)
      // Whatever follows StartTLS in the clear is not to be believed.
      if (isStartTls(message)) return
    }
    this.#socket.pause()
  }

  #abandon(id: number): void {
    const at = this.#waiting.findIndex((message) => message.id === id)
    if (at >= 0) this.#waiting.splice(at, 1)
    else if (this.#isWorking && this.#abandoned.size < MAX_WAITING) this.#abandoned.add(id)
  }

  #answer(message: Message): Promise<void> | undefined {
    if (isStartTls(message)) return this.#startTls(message)
    const answers = this.#options.operations.answer(message, this)
    if (answers instanceof Promise) return answers.then((later) => this.#send(message, later))
    this.#send(message, answers)
    return undefined
  }

  #send({ id }: Message, answers: readonly Buffer[]): void {
    if (this.#abandoned.delete(id)) return
    for (const answer of answers) this.#write(answer)
    this.#socket.setTimeout(this.bound === undefined ? UNBOUND_IDLE_MS : BOUND_IDLE_MS)
  }

  #startTls(message: Message): undefined {
    const refusal = this.isSecure
      ? { code: ResultCode.operationsError, message: 'TLS is active already' }
      : this.#waiting.length > 0 || this.#framer.buffered > 0
        ? { code: ResultCode.operationsError, message: 'nothing may follow StartTLS in the clear' }
        : undefined
    if (refusal !== undefined) {
      this.#write(encodeExtended(message.id, refusal, { oid: Oid.startTls }))
      if (!this.isSecure) this.disconnect(ResultCode.protocolError, refusal.message)
      return undefined
    }
    this.bound = undefined
    this.#write(encodeExtended(message.id, SUCCESS, { oid: Oid.startTls }))
    this.#flush()
    this.#framer.clear()
    const plain = this.#socket
    plain.removeAllListeners('data')
    plain.removeAllListeners('timeout')
    plain.setTimeout(0)
    const secure = this.#options.startTls(plain)
    this.#socket = secure
    this.#listen(secure)
    plain.once('close', () => secure.destroy())
    return undefined
  }

  /** A broken request with a sound envelope is answered; anything else ends the connection (RFC 4511 §4.1.1, §5.3). */
  #malformed(error: unknown): void {
    const head = error instanceof MalformedMessageError ? error.head : undefined
    const tag = head === undefined ? undefined : responseTagOf(head.operationTag)
    const detail = error instanceof MalformedMessageError ? error.detail : 'internal error'
    const code = error instanceof MalformedMessageError ? ResultCode.protocolError : ResultCode.other
    if (head !== undefined && tag !== undefined) {
      this.#write(encodeResult(head.id, tag, { code, message: detail }))
      setImmediate(() => this.#work())
      return
    }
    if (!(error instanceof MalformedMessageError)) this.#options.operations.failed(error)
    this.disconnect(code, detail)
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
    this.#ended.abort()
    this.#waiting.length = 0
    this.#socket.end()
    // Whoever does not hang up in turn is not waited for.
    this.#socket.setTimeout(1_000, () => this.#socket.destroy())
  }
}

const isStartTls = ({ request }: Message) => request.kind === 'extended' && request.oid === Oid.startTls
