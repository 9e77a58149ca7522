import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { ClientClass } from './postgresql-client.ts'

const BACKOFF = { firstMs: 200, capMs: 10_000 }
/** A half-open connection delivers nothing and reports nothing; it is asked this often. */
const PROBE_MS = 15_000

interface Subscription {
  readonly channel: string
  readonly onMessage: (payload: string) => void
  readonly onReconnect: () => void
}

/** The one connection that LISTENs for the whole process; it is replaced for as long as anybody listens. */
export class PostgresqlListener {
  readonly #Client: ClientClass
  readonly #log: Logger
  readonly #subscriptions = new Set<Subscription>()
  readonly #stop = new AbortController()
  #client: pg.Client | undefined
  #started: Promise<void> | undefined
  #running: Promise<void> | undefined

  constructor(Client: ClientClass, log: Logger) {
    this.#Client = Client
    this.#log = log
  }

  /**
   * Resolves when the channel is being listened to. While the connection is lost that is not waited for: the next one
   * listens, and says so by `onReconnect`.
   */
  async listen(channel: string, onMessage: (payload: string) => void, onReconnect: () => void): Promise<Disposable> {
    const subscription = { channel, onMessage, onReconnect }
    this.#subscriptions.add(subscription)
    try {
      this.#started ??= this.#start()
      await this.#started
    } catch (cause) {
      this.#started = undefined
      this.#subscriptions.delete(subscription)
      throw cause
    }
    await this.#client?.query(`LISTEN ${quoted(channel)}`).catch(() => {})
    return { [Symbol.dispose]: () => void this.#subscriptions.delete(subscription) }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#client?.end().catch(() => {})
    await this.#running
  }

  async #start(): Promise<void> {
    this.#running = this.#keep(await this.#connect())
  }

  async #connect(): Promise<pg.Client> {
    const client = new this.#Client()
    client.on('error', () => {})
    client.on('notification', ({ channel, payload = '' }) => {
      for (const each of this.#subscriptions) if (each.channel === channel) each.onMessage(payload)
    })
    try {
      await client.connect()
      // From here on a new subscription sends its own LISTEN to this connection.
      this.#client = client
      for (const channel of new Set([...this.#subscriptions].map((each) => each.channel)))
        await client.query(`LISTEN ${quoted(channel)}`)
      return client
    } catch (cause) {
      await client.end().catch(() => {})
      throw cause
    }
  }

  /** Watches one connection after the other until `close`. */
  async #keep(client: pg.Client): Promise<void> {
    const { signal } = this.#stop
    await lost(client, signal)
    for (let attempt = 1; !signal.aborted; attempt++) {
      if (attempt === 1) this.#log.warning('notification connection lost')
      await sleep(backoffMs(attempt, Math.random, BACKOFF), undefined, { signal }).catch(() => {})
      const next = signal.aborted ? undefined : await this.#connect().catch(() => undefined)
      if (next === undefined) continue
      this.#log.info('notification connection restored', { attempt })
      for (const each of this.#subscriptions) each.onReconnect()
      await lost(next, signal)
      attempt = 0
    }
  }
}

const quoted = (channel: string): string => `"${channel.replaceAll('"', '""')}"`

/** Resolves when the connection no longer answers. */
async function lost(client: pg.Client, signal: AbortSignal): Promise<void> {
  const ended = new AbortController()
  client.once('end', () => ended.abort())
  const either = AbortSignal.any([signal, ended.signal])
  while (!either.aborted) {
    await sleep(PROBE_MS, undefined, { signal: either, ref: false }).catch(() => {})
    if (!either.aborted) await client.query('SELECT 1').catch(() => ended.abort())
  }
  await client.end().catch(() => {})
}
