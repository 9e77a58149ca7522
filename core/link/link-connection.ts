import type { WebSocket } from 'ws'
import type { CoreContext } from '#core/context.ts'
import type { RecordedChange, RecordedRevocation } from '#core/store/change-feed.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { Capability } from '#schema/wire/capabilities.ts'
import { messageText, parseMessage } from '#schema/wire/envelope.ts'
import { appliedArgs, CloseCode, helloArgs, Instruction, type Revocation } from '#schema/wire/messages.ts'
import { DelayedUpdate } from './delayed-update.ts'
import type { LinkIdentity } from './link-authentication.ts'
import { left, lost, sawApplied, sawHello, sawMessage } from './presence.ts'

const REPLAY_BATCH = 500
/** HELLO comes every 10 s; acknowledgements follow what we send. */
const MESSAGES_PER_SECOND = 20
const BURST = 200

/** One outpost process at the other end. */
export class LinkConnection {
  readonly identity: LinkIdentity
  readonly #ctx: CoreContext
  readonly #socket: WebSocket
  readonly #log: Logger
  #uid: string
  #capabilities: ReadonlySet<string> = new Set()
  #said = false
  #bucket: { tokens: number; at: number }
  readonly #updates = new DelayedUpdate(({ revision, changes }) => {
    const args = { revision, ...(changes === undefined ? {} : { changes }) }
    this.#send(Instruction.TriggerUpdate, this.can('revision') ? args : {})
  })
  /** Messages are worked through in the order of their arrival. */
  #work: Promise<void> = Promise.resolve()

  constructor(ctx: CoreContext, socket: WebSocket, identity: LinkIdentity, uid: string) {
    this.#ctx = ctx
    this.#socket = socket
    this.identity = identity
    this.#uid = uid
    this.#bucket = { tokens: BURST, at: ctx.clock.now() }
    this.#log = ctx.log.child({ logger: 'core.link', outpost: identity.outpost.name })
    socket.on('message', (data, isBinary) => this.#receive(data.toString(), isBinary))
    socket.once('close', () => this.#updates.cancel())
    socket.on('error', (cause) => this.#log.debug('a link failed', { cause: cause.message }))
  }

  get uid(): string {
    return this.#uid
  }

  /** Whether HELLO has been received. */
  get isKnown(): boolean {
    return this.#said
  }

  can(capability: Capability): boolean {
    return this.#capabilities.has(capability)
  }

  /** Tells what has changed, in this many ms or earlier: precisely to those who understand it, else as a bare trigger. */
  update(revision: number, changes: readonly RecordedChange[] | undefined, ms = 0): void {
    this.#updates.add({ revision, changes: changes?.map(({ model, pk, action }) => ({ model, pk, action })) }, ms)
  }

  /** Tells whose access has ended, now, whatever update waits. */
  revoke(revocations: readonly RecordedRevocation[]): void {
    if (this.can('revocation')) return this.#send(Instruction.Revoke, { revocations: revocations.map(wireRevocation) })
    for (const { sessionHash, endedSessions = [] } of revocations)
      for (const session_id of sessionHash === undefined ? endedSessions : [sessionHash])
        this.#send(Instruction.SessionEnd, { session_id })
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  /** Resolves when everything that was received is handled. */
  async settled(): Promise<void> {
    await this.#work
  }

  /** Records that the socket has closed: because the process at the other end stops, or for any other reason. */
  async ended(isStopping: boolean): Promise<void> {
    await (isStopping ? left : lost)(this.#ctx, this.#key())
  }

  isSameInstanceAs({ identity, uid }: LinkConnection): boolean {
    return identity.outpost.uuid === this.identity.outpost.uuid && uid === this.#uid
  }

  #key() {
    return { outpost: this.identity.outpost.uuid, uid: this.#uid }
  }

  #receive(text: string, isBinary: boolean): void {
    if (!this.#admit()) return this.close(CloseCode.policyViolation, 'too many messages')
    const message = isBinary ? undefined : parseMessage(text)
    if (message === undefined) return this.close(CloseCode.malformed, 'not a message of this protocol')
    this.#work = this.#work
      .then(() => this.#handle(message.instruction, message.args))
      .catch((cause) => {
        this.#log.warning('a message of an outpost could not be handled', { cause })
        this.close(CloseCode.internalError, 'internal error')
      })
  }

  /** A bucket of tokens, so that one outpost cannot keep a core busy. */
  #admit(): boolean {
    const now = this.#ctx.clock.now()
    const refilled = this.#bucket.tokens + ((now - this.#bucket.at) / 1000) * MESSAGES_PER_SECOND
    this.#bucket = { tokens: Math.min(BURST, refilled) - 1, at: now }
    return this.#bucket.tokens >= 0
  }

  async #handle(instruction: number, args: unknown): Promise<void> {
    if (instruction === Instruction.Ack) return
    if (instruction === Instruction.Applied) {
      const applied = appliedArgs.safeParse(args)
      // Who has not said what it is cannot have applied anything.
      if (applied.success && this.#said) await sawApplied(this.#ctx, this.#key(), applied.data)
      return
    }
    if (instruction === Instruction.Hello) await this.#hello(args)
    else await sawMessage(this.#ctx, this.#key())
    this.#send(Instruction.Ack, {})
  }

  async #hello(args: unknown): Promise<void> {
    const hello = helloArgs.safeParse(args)
    if (!hello.success) return this.close(CloseCode.malformed, 'not a HELLO of this protocol')
    if (!this.#said) this.#uid = hello.data.uuid ?? this.#uid
    await sawHello(this.#ctx, this.#key(), hello.data)
    if (this.#said) return
    this.#capabilities = new Set(hello.data.capabilities)
    const caughtUp = await this.#replay(hello.data.sequence)
    // From here on the feed tells this connection too; what was committed in between is replayed once more.
    this.#said = true
    await this.#replay(caughtUp)
    const now = await this.#ctx.feed.revision()
    if (this.can('revision') && hello.data.revision !== now) this.update(now, undefined)
  }

  /** Tells, in order, whose access ended while the outpost was away; returns the last sequence number told. */
  async #replay(sequence: number): Promise<number> {
    for (let from = sequence; ; ) {
      const missed = this.can('revocation') ? await this.#ctx.feed.revocationsSince(from, REPLAY_BATCH) : []
      if (missed.length === 0) return from
      this.revoke(missed)
      from = missed.at(-1)!.sequence
    }
  }

  #send(instruction: number, args: object): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(messageText(instruction, args))
  }
}

function wireRevocation({ sequence, kind, user, sessionHash, reason, at }: RecordedRevocation): Revocation {
  const { id, uid, username } = user
  return {
    sequence,
    kind,
    user: { pk: id, uid, username },
    ...(sessionHash === undefined ? {} : { session: sessionHash }),
    reason,
    at,
  }
}
