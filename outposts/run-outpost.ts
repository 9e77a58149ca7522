import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { z } from 'zod'
import { ConditionalRead } from '#schema/client/conditional.ts'
import { createCoreClient } from '#schema/client/core-client.ts'
import { backoffMs } from '#schema/kernel/backoff.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { LOG_LEVELS, type Logger, type LogLevel } from '#schema/kernel/logger.ts'
import { VERSION } from '#schema/version.ts'
import { CAPABILITIES } from '#schema/wire/capabilities.ts'
import type { Revocation } from '#schema/wire/messages.ts'
import { updateOf } from '#schema/wire/update.ts'
import type { OutpostConfig } from './config/outpost-config.ts'
import { createFlowClient } from './flow/create-flow-client.ts'
import { flowMetrics } from './flow/flow-metrics.ts'
import type { OutpostHost, OutpostKind, OutpostObject, ProtocolServer } from './kind.ts'
import { axiosTransport, createHttp } from './link/axios-transport.ts'
import { LinkClient } from './link/link-client.ts'
import { Refresher } from './link/refresher.ts'
import { isRefusal, Standing, WrongOutpostError } from './link/standing.ts'
import { startMetricsServer } from './metrics/metrics-server.ts'
import { type OutpostMetrics, outpostMetrics } from './metrics/outpost-metrics.ts'
import { CoreCertificateStore } from './tls/core-certificate-store.ts'

const BOOT_RETRY = { firstMs: 500, capMs: 15_000 }
const DEFAULT_INTERVAL_S = 300
const SHORTEST_INTERVAL_S = 30

const instancesShape = z.object({
  results: z.array(
    z.object({
      pk: z.string(),
      name: z.string(),
      type: z.string(),
      config: z.record(z.string(), z.unknown()),
      refresh_interval_s: z.number().optional(),
    }),
  ),
})
type OutpostAnswer = z.infer<typeof instancesShape>['results'][number]

export interface Surroundings {
  readonly log: Logger
  readonly clock: Clock
  readonly random: Random
  /** The outpost's configuration in the core says how much is logged. */
  readonly setLogLevel?: (level: LogLevel) => void
}

/** A running outpost, as far as its process has to do with it. */
export interface RunningOutpost {
  /** Resolves when it serves its protocol. */
  readonly ready: Promise<void>
  /** Reads the configuration again, now. */
  refresh(): void
  readonly server: ProtocolServer
  readonly metricsPort: number
}

/**
 * Runs one outpost until the signal aborts: boot (every failure of the core is waited out), link, refresh, revocations.
 * `serve` is called once the process is up; rejects when a socket cannot be opened or the token is for another type.
 */
export async function runOutpost(
  kind: OutpostKind,
  config: OutpostConfig,
  { log, clock, random, setLogLevel }: Surroundings,
  {
    signal,
    started,
    graceMs = 4_000,
  }: { signal: AbortSignal; started?: (outpost: RunningOutpost) => void; graceMs?: number },
): Promise<void> {
  const registry = new Registry()
  const instance = randomUUID()
  const http = createHttp(config)
  const sleep = (ms: number, within: AbortSignal | undefined) =>
    wait(ms, undefined, within === undefined ? {} : { signal: within })
  const core = createCoreClient(axiosTransport(http), { host: config.host, token: config.token, random, sleep })
  let isReady = false
  let own: OutpostMetrics | undefined
  await using metrics = await startMetricsServer(config.listen.metrics, registry, () => isReady)
  const certificates = await CoreCertificateStore.create(core, log, clock)
  const standing = new Standing(clock, (isRefused) => {
    own?.refused(isRefused)
    if (isRefused) log.error('the core refuses this outpost; it soon lets nobody in who is not in yet')
    else log.info('the core accepts this outpost again')
  })
  const { mayAdmit } = standing
  const flows = createFlowClient(http, { ...config, mayAdmit }, flowMetrics(registry))
  const host: OutpostHost = {
    config,
    log,
    clock,
    random,
    metrics: registry,
    core,
    flows,
    certificates,
    mayAdmit,
    instanceId: instance,
  }
  const server = kind.create(host)
  const ready = Promise.withResolvers<void>()
  ready.promise.catch(() => {})

  const outposts = new ConditionalRead(core, { path: '/outposts/instances/' }, (body) => ownOutpost(body, kind.type))
  const first = await firstAnswer(() => outposts.now(), { log, random, signal })
  if (first === undefined) return
  own = outpostMetrics(registry, { name: first.name, type: kind.type, instance })
  const applied = { revision: 0, sequence: 0 }
  let interval = first

  const refresher = new Refresher({
    log,
    random,
    signal,
    async apply(changes) {
      const outpost = await outposts.now().catch((cause) => {
        if (isRefusal(cause)) standing.refused()
        throw cause
      })
      standing.accepted()
      interval = outpost
      const level = LOG_LEVELS.find((each) => each === outpost.config['log_level'])
      if (level !== undefined) setLogLevel?.(level)
      await server.configure(outpost as OutpostObject, changes)
      own?.updated(clock.now())
    },
    applied(revision) {
      applied.revision = Math.max(applied.revision, revision)
      link.applied({ revision: applied.revision })
    },
  })
  const link = new LinkClient(
    { config, outpost: first.pk, instance, log: log.child({ logger: 'outpost.link' }), random },
    {
      hello: () => ({
        version: VERSION,
        buildHash: 'tagged',
        uuid: instance,
        hostname: hostname(),
        capabilities: [...CAPABILITIES],
        ...applied,
      }),
      update: (args) => void refresher.request(updateOf(args)),
      revoke(revocations) {
        server.revoke(revocations)
        applied.sequence = Math.max(applied.sequence, ...revocations.map((each) => each.sequence))
        link.applied({ sequence: applied.sequence })
      },
      sessionEnded: (session) => server.revoke([sessionEnd(session, clock.now())]),
      linked: (is) => own?.linked(is),
      refused: () => void refresher.request(updateOf({})),
    },
  )

  const linked = link.run(signal)
  started?.({
    ready: ready.promise,
    refresh: () => void refresher.request(updateOf({})),
    server,
    metricsPort: metrics.port,
  })
  try {
    await refresher.request(updateOf({}))
    if (!signal.aborted) {
      await server.listen()
      isReady = true
      ready.resolve()
      log.info('serving', { outpost: first.name, type: kind.type })
      await everySoOften(
        () => intervalMs(interval),
        () => refresher.request(updateOf({})),
        signal,
      )
    }
  } catch (error) {
    ready.reject(error)
    throw error
  } finally {
    isReady = false
    await server.close(AbortSignal.timeout(graceMs))
  }
  await linked
}

/** The outpost object that the token belongs to, in the list that the core gives for it. */
function ownOutpost(list: unknown, type: string): OutpostAnswer {
  const parsed = instancesShape.safeParse(list)
  if (!parsed.success) throw new CoreUnreachableError('the list of outposts is not what it should be', parsed.error)
  const [outpost] = parsed.data.results
  if (outpost === undefined) throw new WrongOutpostError('the token belongs to no outpost', { retryable: true })
  if (outpost.type !== type)
    throw new WrongOutpostError(`the token is for an outpost of type ${outpost.type}, this one is ${type}`)
  return outpost
}

/** Asks until there is an answer; undefined when the signal aborts first. An error that waiting cannot mend is thrown. */
async function firstAnswer<T>(
  ask: () => Promise<T>,
  { log, random, signal }: { log: Logger; random: Random; signal: AbortSignal },
): Promise<T | undefined> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      return await ask()
    } catch (cause) {
      if (cause instanceof WrongOutpostError && !cause.retryable) throw cause
      if (attempt === 1) log.warning('waiting for the core', { cause })
      await wait(backoffMs(attempt, random, BOOT_RETRY), undefined, { signal }).catch(() => {})
    }
  }
  return undefined
}

function intervalMs({ refresh_interval_s }: OutpostAnswer): number {
  const seconds = refresh_interval_s ?? 0
  return 1000 * (seconds <= 0 ? DEFAULT_INTERVAL_S : Math.max(SHORTEST_INTERVAL_S, seconds))
}

async function everySoOften(ms: () => number, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await wait(ms(), undefined, { signal }).catch(() => {})
    if (!signal.aborted) await work()
  }
}

/** compat: a reference core names the session only. */
function sessionEnd(session: string, at: number): Revocation {
  return { sequence: 1, kind: 'session', user: { pk: 0, uid: '', username: '' }, session, reason: 'session-ended', at }
}
