import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { createCoreClient } from '#schema/client/core-client.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
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
import { type OutpostAnswer, OwnOutpost } from './link/own-outpost.ts'
import { Refresher } from './link/refresher.ts'
import { Standing } from './link/standing.ts'
import { startMetricsServer } from './metrics/metrics-server.ts'
import { outpostMetrics } from './metrics/outpost-metrics.ts'
import { CoreCertificateStore } from './tls/core-certificate-store.ts'

const DEFAULT_INTERVAL_S = 300
const SHORTEST_INTERVAL_S = 30

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
 * Work in flight then has `graceMs` to finish. `started` is called once metrics and health can be asked for, before the
 * core has answered. Rejects when a socket cannot be opened or the token is for another type.
 */
export async function runOutpost(
  kind: OutpostKind,
  config: OutpostConfig,
  { log, clock, random, setLogLevel }: Surroundings,
  { signal, started, graceMs }: { signal: AbortSignal; started?: (outpost: RunningOutpost) => void; graceMs: number },
): Promise<void> {
  const registry = new Registry()
  const instance = randomUUID()
  const http = createHttp(config)
  const sleep = (ms: number, within: AbortSignal | undefined) =>
    wait(ms, undefined, { signal: within === undefined ? signal : AbortSignal.any([signal, within]) })
  const core = createCoreClient(axiosTransport(http, signal), { host: config.host, token: config.token, random, sleep })
  let isReady = false
  const own = outpostMetrics(registry, { type: kind.type, instance })
  await using metrics = await startMetricsServer(config.listen.metrics, registry, () => isReady)
  const certificates = await CoreCertificateStore.create(core, log, clock)
  const standing = new Standing(clock, (isRefused) => {
    own.refused(isRefused)
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

  const outpost = new OwnOutpost(core, kind.type, standing)
  let refresh = () => outpost.askNow()
  started?.({ ready: ready.promise, refresh: () => refresh(), server, metricsPort: metrics.port })
  const first = await outpost.first({ log, random, signal, sleep }).catch((error) => {
    ready.reject(error)
    throw error
  })
  if (first === undefined) return
  own.named(first.name)
  const applied = { revision: 0, sequence: 0 }
  let interval = first

  const refresher = new Refresher({
    log,
    random,
    signal,
    async apply(changes) {
      const now = await outpost.now()
      interval = now
      const level = LOG_LEVELS.find((each) => each === now.config['log_level'])
      if (level !== undefined) setLogLevel?.(level)
      await server.configure(now as OutpostObject, changes)
      own.updated(clock.now())
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
      linked: (is) => own.linked(is),
      refused: () => void refresher.request(updateOf({})),
    },
  )

  const linked = link.run(signal)
  refresh = () => void refresher.request(updateOf({}))
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
    log.info('stopping')
    await server.close(AbortSignal.timeout(graceMs))
  }
  await linked
  log.info('stopped')
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
