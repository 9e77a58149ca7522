import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { BerReader, BerTag, encodeInteger, encodeText, encodeValue } from '#outposts/ldap/codec/ber.ts'
import { encodeFilter, type Filter } from '#outposts/ldap/codec/filter.ts'
import { MessageFramer } from '#outposts/ldap/codec/framing.ts'
import { BASE_DN } from './ldap-tools.ts'

/** A result or an entry: the code is -1 where there is none. */
export interface LdapAnswer {
  readonly id: number
  /** Of the operation. */
  readonly tag: number
  readonly code: number
}

export interface SearchOptions {
  readonly id?: number
  readonly base?: string
  readonly scope?: number
  readonly sizeLimit?: number
  readonly attributes?: readonly string[]
  readonly controls?: readonly Buffer[]
}

const LONGEST_ANSWER = 1 << 24
export const NOTICE = { id: 0, tag: 0x78, code: 2 }

export const message = (id: number, ...parts: readonly Buffer[]) => encodeValue(0x30, encodeInteger(id), ...parts)
export const bindRequest = (id: number, name: string, password: string, ...controls: readonly Buffer[]) =>
  message(id, encodeValue(0x60, encodeInteger(3), encodeText(name), encodeText(password, 0x80)), ...listOf(controls))
export const unbindRequest = (id: number) => message(id, Buffer.from([0x42, 0]))
export const abandonRequest = (id: number, abandoned: number) => message(id, encodeInteger(abandoned, 0x50))
export const extendedRequest = (id: number, oid: string) => message(id, encodeValue(0x77, encodeText(oid, 0x80)))
export const whoAmI = (id: number) => extendedRequest(id, '1.3.6.1.4.1.4203.1.11.3')
export const startTls = (id: number) => extendedRequest(id, '1.3.6.1.4.1.1466.20037')
export const control = (oid: string, ...more: readonly Buffer[]) => encodeValue(0x30, encodeText(oid), ...more)
export const CRITICAL = Buffer.from([1, 1, 0xff])

const listOf = (controls: readonly Buffer[]) => (controls.length === 0 ? [] : [encodeValue(0xa0, ...controls)])

export function searchRequest(filter: Filter, options: SearchOptions = {}): Buffer {
  const { id = 2, base = BASE_DN, scope = 2, sizeLimit = 0, attributes = [], controls = [] } = options
  const search = encodeValue(
    0x63,
    encodeText(base),
    encodeInteger(scope, 0x0a),
    encodeInteger(0, 0x0a),
    encodeInteger(sizeLimit),
    encodeInteger(0),
    Buffer.from([1, 1, 0]),
    encodeFilter(filter),
    encodeValue(0x30, ...attributes.map((name) => encodeText(name))),
  )
  return message(id, search, ...listOf(controls))
}

export const equality = (attribute: string, value: string): Filter => ({
  kind: 'equality',
  attribute,
  value: Buffer.from(value),
})
export const present = (attribute: string): Filter => ({ kind: 'present', attribute })

/** A client that speaks octets, so that it can say what no library would. */
export class LdapClient implements Disposable {
  readonly socket: Socket
  readonly #framer = new MessageFramer()
  #wake = () => {}
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#framer.push(chunk as Buffer)
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  static async open(port: number): Promise<LdapClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new LdapClient(socket)
  }

  static async openTls(port: number): Promise<LdapClient> {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    return new LdapClient(socket)
  }

  /** The same connection once StartTLS has been answered. */
  async secured(): Promise<LdapClient> {
    this.socket.removeAllListeners('data')
    const socket = connectTls({ socket: this.socket, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    return new LdapClient(socket)
  }

  send(...messages: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(messages))
  }

  /** The next answer; undefined when the server has hung up. */
  async next(): Promise<LdapAnswer | undefined> {
    for (;;) {
      const octets = this.#framer.next(LONGEST_ANSWER)
      if (octets !== undefined) return readAnswer(octets)
      if (this.#isClosed) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Everything that comes until the server hangs up. */
  async rest(): Promise<readonly LdapAnswer[]> {
    const answers: LdapAnswer[] = []
    for (let answer = await this.next(); answer !== undefined; answer = await this.next()) answers.push(answer)
    return answers
  }

  /** Binds and returns the result code. */
  async bind(name: string, password: string, id = 1): Promise<number> {
    this.send(bindRequest(id, name, password))
    return (await this.#result()).code
  }

  /** How many entries are found, and the result code. */
  async search(filter: Filter, options: SearchOptions = {}): Promise<{ count: number; code: number }> {
    this.send(searchRequest(filter, options))
    for (let count = 0; ; count++) {
      const { tag, code } = await this.#result()
      if (tag === 0x65) return { count, code }
    }
  }

  async #result(): Promise<LdapAnswer> {
    const answer = await this.next()
    if (answer === undefined) throw new Error('the server has hung up')
    return answer
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

function readAnswer(octets: Buffer): LdapAnswer {
  const envelope = new BerReader(octets).enter(BerTag.Sequence)
  const id = envelope.integer(0, 2 ** 31 - 1)
  const tag = envelope.nextTag!
  const body = envelope.enter(tag)
  return { id, tag, code: body.nextTag === BerTag.Enumerated ? body.integer(0, 200, BerTag.Enumerated) : -1 }
}
